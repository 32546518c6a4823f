using System.Reflection;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>Every op has a case, every case an op. Each rule gives a sentence for every violation.</summary>
internal static class OpRules
{
    /// <summary>Public static classes with a function of a pass or a tensor.</summary>
    public static IEnumerable<Type> Ops(IEnumerable<Type> types) => types.Where(static type => type is { IsPublic: true, IsAbstract: true, IsSealed: true }
        && type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Any(static method => method.GetParameters().Any(static parameter => parameter.ParameterType == typeof(Pass) || parameter.ParameterType == typeof(Tensor))));

    public static IEnumerable<string> Cases(IReadOnlyCollection<string> ops, IReadOnlyCollection<string> cases) =>
        ops.Except(cases).Select(static op => $"{op} has no case: write tests/RewardForcing.Native.Testing/Cases/{op}Case.cs.")
            .Concat(cases.Except(ops).Select(static name => $"{name}Case belongs to no op."));

    public static IEnumerable<string> CaseFiles(IEnumerable<SourceFile> files, IReadOnlyCollection<string> cases) =>
        cases.Where(name => !files.Any(file => file.Path == $"tests/RewardForcing.Native.Testing/Cases/{name}Case.cs" && file.Text.Contains($"class {name}Case ", StringComparison.Ordinal)))
            .Select(static name => $"{name}Case is not in a file of its name.");

    public static IEnumerable<string> OpFiles(IEnumerable<SourceFile> files, IReadOnlyCollection<string> ops) =>
        ops.Where(op => !files.Any(file => file.Path == $"src/RewardForcing.Native.Ops/{op}.cs")).Select(static op => $"{op} is not in src/RewardForcing.Native.Ops/{op}.cs.");
}
