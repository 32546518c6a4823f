using System.Reflection;
using System.Text.RegularExpressions;

namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>The files of <c>kernels/</c>, in memory: embedded in an assembly, or read from a folder.</summary>
/// <remarks>
/// An include is looked for beside the file that has it and then from the top of <c>kernels/</c>. Nothing outside is ever included, so a kernel
/// compiles alike on every machine.
/// </remarks>
public sealed partial class KernelSources
{
    /// <summary>Start of the names under which kernels are embedded: <c>kernels/rms_norm.cu</c>.</summary>
    public const string ResourcePrefix = "kernels/";

    private readonly IReadOnlyDictionary<string, string> _files;

    /// <summary>Takes files by their path below <c>kernels/</c>, with forward slashes.</summary>
    /// <param name="files">Text of each file.</param>
    public KernelSources(IReadOnlyDictionary<string, string> files) => _files = files;

    /// <summary>Stems of all kernel files, in order.</summary>
    public IReadOnlyList<string> Stems =>
        [.. _files.Keys.Where(static name => name.EndsWith(".cu", StringComparison.Ordinal)).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!];

    /// <summary>Reads what an assembly has embedded.</summary>
    /// <param name="assembly">The assembly.</param>
    public static KernelSources Embedded(Assembly assembly)
    {
        Dictionary<string, string> files = new(StringComparer.Ordinal);
        foreach (string resource in assembly.GetManifestResourceNames())
        {
            string name = resource.Replace('\\', '/');
            if (name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            {
                using StreamReader reader = new(assembly.GetManifestResourceStream(resource)!);
                files[name[ResourcePrefix.Length..]] = reader.ReadToEnd();
            }
        }

        return new KernelSources(files);
    }

    /// <summary>Reads <c>.cu</c> and <c>.cuh</c> files of a folder and the folders in it.</summary>
    /// <param name="folder">Path of a <c>kernels/</c> folder.</param>
    public static KernelSources FromFolder(string folder)
    {
        Dictionary<string, string> files = new(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(folder, "*.cu*", SearchOption.AllDirectories))
        {
            if (Path.GetExtension(file) is ".cu" or ".cuh")
            {
                files[Path.GetRelativePath(folder, file).Replace('\\', '/')] = File.ReadAllText(file);
            }
        }

        return new KernelSources(files);
    }

    /// <summary>Collects a kernel file and the headers it needs.</summary>
    /// <param name="stem">File name without its ending.</param>
    /// <exception cref="ArgumentException">There is no such kernel, or it includes something that is not there.</exception>
    public KernelSource Get(string stem)
    {
        string name = stem + ".cu";
        if (!_files.TryGetValue(name, out string? text))
        {
            throw new ArgumentException($"kernel {stem}: there is no kernels/{name}.", nameof(stem));
        }

        Dictionary<string, string> headers = new(StringComparer.Ordinal);
        Collect(name, text, headers);
        return new KernelSource(name, text, headers);
    }

    private void Collect(string path, string text, Dictionary<string, string> headers)
    {
        foreach (Match match in IncludeLine().Matches(text))
        {
            string spelling = match.Groups[1].Value;
            string beside = path.Contains('/') ? $"{path[..path.LastIndexOf('/')]}/{spelling}" : spelling;
            string found = _files.ContainsKey(beside) ? beside : spelling;
            if (!_files.TryGetValue(found, out string? header))
            {
                throw new ArgumentException($"kernels/{path}: includes {spelling}, and there is no kernels/{spelling}; kernels include files of kernels/ only.");
            }

            if (headers.TryAdd(spelling, header))
            {
                Collect(found, header, headers);
            }
            else if (!ReferenceEquals(headers[spelling], header))
            {
                throw new ArgumentException($"kernels/{path}: {spelling} means two different files here; include one of them by its path below kernels/.");
            }
        }
    }

    [GeneratedRegex("""^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex IncludeLine();
}
