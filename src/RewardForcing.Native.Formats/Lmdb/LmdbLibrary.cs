using System.Runtime.InteropServices;
using RewardForcing.Native.Formats.Interop;

namespace RewardForcing.Native.Formats;

/// <summary>Looks for liblmdb. It is loaded when an environment is first opened and stays.</summary>
public static class LmdbLibrary
{
    /// <summary>Names the library, or a folder that holds it. When set, nothing else is looked at.</summary>
    public const string Variable = "REWARDFORCING_LMDB";

    private static readonly Lazy<(string? Location, IReadOnlyList<string> Tried)> Found = new(static () => Load(Candidates(Environment.GetEnvironmentVariable(Variable))));

    /// <summary>Where the library was found, or null.</summary>
    public static string? Location => Found.Value.Location;

    /// <summary>Every place that was tried.</summary>
    public static IReadOnlyList<string> Tried => Found.Value.Tried;

    /// <summary>What to say where it is needed and missing, without the closing stop.</summary>
    public static string Missing =>
        $"needs liblmdb, which was not found (tried {string.Join(", ", Tried)}); install it (such as `apt-get install liblmdb0` or `brew install lmdb`; on Windows put lmdb.dll beside the program), name it in {Variable}, or use safetensors shards";

    /// <summary>Places in the order they are tried.</summary>
    /// <param name="named">The library or its folder as the user named it; null for the loader's own places.</param>
    public static IReadOnlyList<string> Candidates(string? named)
    {
        string[] files = OperatingSystem.IsWindows() ? ["lmdb.dll", "liblmdb.dll"] : OperatingSystem.IsMacOS() ? ["liblmdb.dylib", "/opt/homebrew/lib/liblmdb.dylib", "/usr/local/lib/liblmdb.dylib"] : ["liblmdb.so.0", "liblmdb.so"];
        return string.IsNullOrEmpty(named) ? files
            : Directory.Exists(named) ? [.. files.Select(file => Path.Combine(Path.GetFullPath(named), Path.GetFileName(file))).Distinct(StringComparer.Ordinal)]
            : [Path.GetFullPath(named)];
    }

    private static (string? Location, IReadOnlyList<string> Tried) Load(IReadOnlyList<string> candidates)
    {
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint library))
            {
                LmdbCalls.Bind(library);
                return (candidate, candidates);
            }
        }

        return (null, candidates);
    }
}
