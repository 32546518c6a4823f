using System.Xml.Linq;

namespace RewardForcing.Native.Tests.Architecture;

/// <summary>What a project file says.</summary>
/// <param name="Path">From the root, with forward slashes.</param>
/// <param name="References">Paths of projects it references, from the root.</param>
/// <param name="Packages">Names of packages.</param>
/// <param name="IsUnsafe">Whether it allows pointers.</param>
/// <param name="HasVersions">Whether it gives a version to a package itself.</param>
internal sealed record ProjectFile(string Path, IReadOnlyList<string> References, IReadOnlyList<string> Packages, bool IsUnsafe, bool HasVersions)
{
    /// <summary>Name of the project.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Whether the project ships.</summary>
    public bool Ships => Path.StartsWith("src/", StringComparison.Ordinal);

    public static ProjectFile Read(SourceFile file)
    {
        XElement root = XElement.Parse(file.Text);
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.Combine(SourceFile.Root, file.Path))!;
        XElement[] packages = [.. root.Descendants("PackageReference")];
        return new ProjectFile(
            file.Path,
            [.. root.Descendants("ProjectReference").Select(one => FromRoot(folder, one.Attribute("Include")!.Value))],
            [.. packages.Select(static one => one.Attribute("Include")!.Value)],
            root.Descendants("AllowUnsafeBlocks").Any(static one => one.Value == "true"),
            packages.Any(static one => one.Attribute("Version") is not null || one.Attribute("VersionOverride") is not null));
    }

    private static string FromRoot(string folder, string include) =>
        System.IO.Path.GetRelativePath(SourceFile.Root, System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, include.Replace('\\', '/')))).Replace('\\', '/');
}
