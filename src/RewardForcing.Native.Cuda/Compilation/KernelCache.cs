using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>Compiled kernels on disk, one file for each combination of source, headers, options, architecture and NVRTC version.</summary>
/// <remarks>
/// Processes may share a folder: a file appears whole, by renaming, or not at all. A file that does not hold what its own checksum
/// says is compiled again and replaced. A folder that cannot be written costs time only, so nothing is said about it. Beside the user's
/// folder there may be a read-only one that came with the program; it serves machines without NVRTC.
/// </remarks>
public sealed class KernelCache
{
    // File: magic, SHA-256 of what follows, then the lengths of PTX, machine code and log, then these.
    private const int HashBytes = 32;
    private const int LengthsBytes = 3 * sizeof(int);
    private const string Extension = ".rfk";
    private static readonly byte[] Magic = "RFK1"u8.ToArray();

    private readonly string? _folder;
    private readonly string? _shipped;
    private readonly KernelCompiler? _compiler;
    private readonly string? _missing;

    /// <summary>Opens a cache.</summary>
    /// <param name="folder">Where compiled kernels are kept; made when first needed. Null keeps nothing.</param>
    /// <param name="compiler">What compiles; null where NVRTC is missing.</param>
    /// <param name="missing">Where <paramref name="compiler"/> is null: the sentence that says why.</param>
    /// <param name="shipped">Folder with kernels that came with the program; null if there is none.</param>
    public KernelCache(string? folder, KernelCompiler? compiler, string? missing = null, string? shipped = null)
    {
        _folder = folder;
        _compiler = compiler;
        _missing = missing;
        _shipped = shipped is not null && Directory.Exists(shipped) ? shipped : null;
    }

    /// <summary>Where this program keeps things between runs: <c>rewardforcing</c> below <c>XDG_CACHE_HOME</c> or the system's folder for local application data.</summary>
    public static string UserFolder
    {
        get
        {
            string root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
                ? set : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            return Path.Combine(root, "rewardforcing");
        }
    }

    /// <summary>The user's folder of kernels.</summary>
    public static string DefaultFolder => Path.Combine(UserFolder, "kernels");

    /// <summary>Folder beside the program in which kernels may have come with it.</summary>
    public static string ShippedFolder => Path.Combine(AppContext.BaseDirectory, "kernels");

    /// <summary>Whether kernels can be had: NVRTC is there, or some came with the program.</summary>
    public bool IsUsable => _compiler is not null || _shipped is not null;

    /// <summary>Where nothing can be compiled: the sentence that says why.</summary>
    public string? Missing => _missing;

    /// <summary>Opens the user's cache with the NVRTC of this machine, if there is one.</summary>
    public static KernelCache OpenDefault()
    {
        KernelCompiler? compiler = KernelCompiler.Open(out string? missing);
        return new KernelCache(DefaultFolder, compiler, missing, ShippedFolder);
    }

    /// <summary>Name of the file that holds a combination.</summary>
    /// <param name="source">File and headers.</param>
    /// <param name="target">Architecture.</param>
    /// <param name="defines">Macros and their values.</param>
    /// <param name="version">NVRTC's version; null for kernels that come with the program, which fit any.</param>
    public static string FileName(KernelSource source, string target, IReadOnlyDictionary<string, string> defines, string? version)
    {
        StringBuilder key = new();
        Append(key, version ?? "shipped");
        Append(key, source.Name);
        Append(key, source.Text);
        foreach ((string spelling, string text) in source.Headers.OrderBy(static header => header.Key, StringComparer.Ordinal))
        {
            Append(key, spelling);
            Append(key, text);
        }

        foreach (string option in KernelCompiler.Options(target, defines))
        {
            Append(key, option);
        }

        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key.ToString())));
        return $"{source.Stem}-{target}-{hash[..32]}{Extension}";
    }

    /// <summary>Takes a combination from disk, or compiles and keeps it.</summary>
    /// <param name="source">File and headers.</param>
    /// <param name="target">Architecture, such as <c>sm_80</c>.</param>
    /// <param name="defines">Macros and their values.</param>
    /// <exception cref="CudaException">The source does not compile.</exception>
    /// <exception cref="NotSupportedException">It is not on disk and there is no NVRTC.</exception>
    public CompiledKernels Get(KernelSource source, string target, IReadOnlyDictionary<string, string> defines)
    {
        if (_compiler is null)
        {
            return (_shipped is null ? null : Read(Path.Combine(_shipped, FileName(source, target, defines, null)), source.Name, target))
                ?? throw new NotSupportedException($"kernels/{source.Name} for {target} did not come with this program, and {_missing ?? "NVRTC is missing"}");
        }

        if (_folder is null)
        {
            return _compiler.Compile(source, target, defines);
        }

        string path = Path.Combine(_folder, FileName(source, target, defines, _compiler.Version));
        if (Read(path, source.Name, target) is { } kept)
        {
            return kept;
        }

        CompiledKernels compiled = _compiler.Compile(source, target, defines);
        CacheFile.TryWrite(path, Contents(compiled));
        return compiled;
    }

    /// <summary>Writes kernels into a folder that is to come with the program.</summary>
    /// <param name="folder">The folder; made if needed.</param>
    /// <param name="source">File and headers.</param>
    /// <param name="defines">Macros and their values.</param>
    /// <param name="compiled">What they were compiled to.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Ship(string folder, KernelSource source, IReadOnlyDictionary<string, string> defines, CompiledKernels compiled) =>
        CacheFile.Write(Path.Combine(folder, FileName(source, compiled.Image.Target, defines, null)), Contents(compiled));

    // Lengths keep the parts apart: no two combinations give the same text.
    private static void Append(StringBuilder key, string part) => key.Append(part.Length).Append(':').Append(part);

    private static CompiledKernels? Read(string path, string name, string target)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        ReadOnlySpan<byte> bytes = file;
        int start = Magic.Length + HashBytes;
        if (bytes.Length < start + LengthsBytes || !bytes.StartsWith(Magic)
            || !SHA256.HashData(bytes[start..]).AsSpan().SequenceEqual(bytes.Slice(Magic.Length, HashBytes)))
        {
            return null;
        }

        int ptx = BinaryPrimitives.ReadInt32LittleEndian(bytes[start..]);
        int cubin = BinaryPrimitives.ReadInt32LittleEndian(bytes[(start + 4)..]);
        int body = start + LengthsBytes;
        string log = Encoding.UTF8.GetString(bytes[(body + ptx + cubin)..]);
        return new CompiledKernels(
            new KernelImage(name, target, Encoding.UTF8.GetString(bytes.Slice(body, ptx)), file.AsMemory(body + ptx, cubin)), log);
    }

    private static Action<Stream> Contents(CompiledKernels compiled) => stream =>
    {
        byte[] ptx = Encoding.UTF8.GetBytes(compiled.Image.Ptx);
        byte[] log = Encoding.UTF8.GetBytes(compiled.Log);
        byte[] content = new byte[LengthsBytes + ptx.Length + compiled.Image.Cubin.Length + log.Length];
        BinaryPrimitives.WriteInt32LittleEndian(content, ptx.Length);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(4), compiled.Image.Cubin.Length);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(8), log.Length);
        ptx.CopyTo(content, LengthsBytes);
        compiled.Image.Cubin.Span.CopyTo(content.AsSpan(LengthsBytes + ptx.Length));
        log.CopyTo(content, LengthsBytes + ptx.Length + compiled.Image.Cubin.Length);
        stream.Write(Magic);
        stream.Write(SHA256.HashData(content));
        stream.Write(content);
    };
}
