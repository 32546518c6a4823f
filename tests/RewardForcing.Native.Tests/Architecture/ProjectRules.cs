namespace RewardForcing.Native.Tests.Architecture;

/// <summary>Which project may see which, and what each may use. Each rule gives a sentence for every violation.</summary>
internal static class ProjectRules
{
    private const string Prefix = "RewardForcing.Native.";

    // Tensors <- Cuda <- Ops <- Models <- Generation <- Training <- Cli, Web; Formats is a leaf.
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Tensors"] = [],
        ["Formats"] = [],
        ["Cuda"] = ["Tensors"],
        ["Ops"] = ["Tensors", "Cuda"],
        ["Models"] = ["Tensors", "Ops", "Formats"],
        ["Generation"] = ["Tensors", "Ops", "Formats", "Models"],
        ["Training"] = ["Tensors", "Ops", "Formats", "Models", "Generation"],
        ["Cli"] = ["Tensors", "Ops", "Formats", "Models", "Generation", "Training", "Web"],
        ["Web"] = ["Tensors", "Ops", "Formats", "Models", "Generation"],
    };

    private static readonly Dictionary<string, string[]> ShippedPackages = new()
    {
        ["Cli"] = ["System.CommandLine", "Spectre.Console"],
        ["Formats"] = ["YamlDotNet"],
        ["Tensors"] = ["System.Numerics.Tensors"],
        ["Ops"] = ["System.Numerics.Tensors"],
    };

    private static readonly Dictionary<string, string[]> FolderPackages = new()
    {
        ["tests"] = ["Microsoft.NET.Test.Sdk", "xunit", "xunit.runner.visualstudio", "FsCheck.Xunit", "Microsoft.Playwright"],
        ["benchmarks"] = ["BenchmarkDotNet"],
        ["tools"] = [],
    };

    private static readonly string[] PointersAllowed = ["Tensors", "Cuda", "Ops", "Formats"];

    public static IEnumerable<string> References(IEnumerable<ProjectFile> projects) =>
        from project in projects
        where project.Ships
        from reference in project.References
        let target = Layer(System.IO.Path.GetFileNameWithoutExtension(reference))
        where !reference.StartsWith("src/", StringComparison.Ordinal) || !Arrows.TryGetValue(Layer(project.Name), out string[]? allowed) || !allowed.Contains(target)
        select $"{project.Path} must not reference {reference}: what is needed above is passed down as a value or a delegate.";

    public static IEnumerable<string> Layers(IEnumerable<ProjectFile> projects) =>
        from project in projects
        where project.Ships && !Arrows.ContainsKey(Layer(project.Name))
        select $"{project.Path} is no known layer.";

    public static IEnumerable<string> Packages(IEnumerable<ProjectFile> projects) =>
        from project in projects
        let allowed = project.Ships ? ShippedPackages.GetValueOrDefault(Layer(project.Name), []) : FolderPackages.GetValueOrDefault(project.Path.Split('/')[0], [])
        from package in project.Packages
        where !allowed.Contains(package)
        select $"{project.Path} must not use the package {package}.";

    public static IEnumerable<string> Versions(IEnumerable<ProjectFile> projects) =>
        from project in projects
        where project.HasVersions
        select $"{project.Path} gives a version to a package; versions are in Directory.Packages.props.";

    public static IEnumerable<string> Pointers(IEnumerable<ProjectFile> projects) =>
        from project in projects
        where project.Ships && project.IsUnsafe && !PointersAllowed.Contains(Layer(project.Name))
        select $"{project.Path} must not allow pointers; only {string.Join(", ", PointersAllowed)} may.";

    private static string Layer(string project) => project.StartsWith(Prefix, StringComparison.Ordinal) ? project[Prefix.Length..] : project;
}
