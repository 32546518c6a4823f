namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A parsed PTX text.</summary>
/// <param name="name">Name for messages.</param>
public sealed class PtxModule(string name)
{
    /// <summary>Name for messages.</summary>
    public string Name => name;

    /// <summary>PTX version as 10 * major + minor.</summary>
    public int Version { get; set; }

    /// <summary>Architecture, such as <c>sm_80</c>.</summary>
    public string Target { get; set; } = "";

    /// <summary>Kernels by name.</summary>
    public Dictionary<string, PtxKernel> Kernels { get; } = [];

    /// <summary>Variables of the module by name.</summary>
    public Dictionary<string, PtxVariable> Variables { get; } = [];

    /// <summary>Parses a text.</summary>
    /// <exception cref="PtxException">It is malformed.</exception>
    public static PtxModule Parse(string name, string text) => new PtxParser(name, text).Parse();
}
