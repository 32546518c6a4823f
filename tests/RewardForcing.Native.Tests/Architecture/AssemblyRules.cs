using System.Reflection;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>What the types of a shipped assembly must not have. Each rule gives a sentence for every violation.</summary>
internal static class AssemblyRules
{
    private const BindingFlags All = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    public static IEnumerable<string> MutableStatics(IEnumerable<Type> types) =>
        from type in types
        where !type.Name.StartsWith('<')
        from field in type.GetFields(All)
        where field.IsStatic && !field.IsInitOnly && !field.IsLiteral
        select $"{type.FullName}: the static field {field.Name} can be changed: global state is passed down instead.";

    public static IEnumerable<string> Finalizers(IEnumerable<Type> types) =>
        from type in types
        where type.GetMethod("Finalize", All, Type.EmptyTypes) is not null
        select $"{type.FullName} has a finalizer: whoever owns something disposes it.";

    /// <summary>Types of a hidden assembly in what other assemblies can see.</summary>
    public static IEnumerable<string> Leaks(IEnumerable<Type> types, Func<Type, bool> isHidden) =>
        from type in types
        where type.IsVisible
        from member in Signatures(type)
        from part in Parts(member.Type)
        where isHidden(part)
        select $"{type.FullName}.{member.Name} shows {part.FullName}.";

    private static IEnumerable<(string Name, Type Type)> Signatures(Type type)
    {
        foreach (Type parent in type.GetInterfaces().Append(type.BaseType ?? typeof(object)))
        {
            yield return ("its parents", parent);
        }

        foreach (FieldInfo field in type.GetFields(All).Where(static field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly))
        {
            yield return (field.Name, field.FieldType);
        }

        foreach (MethodBase method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)).Where(static method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly))
        {
            IEnumerable<Type> shown = method.GetParameters().Select(static parameter => parameter.ParameterType);
            shown = method is MethodInfo function ? shown.Append(function.ReturnType) : shown;
            shown = method.IsGenericMethod ? shown.Concat(method.GetGenericArguments().SelectMany(static argument => argument.GetGenericParameterConstraints())) : shown;
            foreach (Type one in shown)
            {
                yield return (method.Name, one);
            }
        }
    }

    private static IEnumerable<Type> Parts(Type type) => type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type)
        : [type];
}
