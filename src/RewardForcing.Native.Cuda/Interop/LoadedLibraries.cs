using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda.Interop;

/// <summary>Gives the bindings of this assembly the libraries that were found for them. Loads nothing by itself.</summary>
/// <remarks>A process has one driver, so the first library bound to a name stays; the driver does not survive being unloaded.</remarks>
internal static class LoadedLibraries
{
    private static readonly ConcurrentDictionary<string, nint> Handles = new(StringComparer.Ordinal);

    // A resolver can be set once for an assembly, and must be there before the first call.
    private static readonly Lazy<bool> Resolver = new(static () =>
    {
        NativeLibrary.SetDllImportResolver(typeof(LoadedLibraries).Assembly, static (name, _, _) => Handles.GetValueOrDefault(name));
        return true;
    });

    /// <summary>Binds a name used in <c>LibraryImport</c> to a loaded library.</summary>
    /// <returns>The library in use, which is another one if the name was bound before.</returns>
    public static nint Bind(string name, nint library)
    {
        _ = Resolver.Value;
        return Handles.GetOrAdd(name, library);
    }
}
