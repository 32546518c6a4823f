namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>A kernel as parsed: functions it calls stand in its code.</summary>
/// <param name="name">Entry name.</param>
public sealed class PtxKernel(string name)
{
    /// <summary>Entry name.</summary>
    public string Name => name;

    /// <summary>Parameters, at their offsets in the argument image.</summary>
    public List<PtxVariable> Parameters { get; } = [];

    /// <summary>Bytes of the argument image.</summary>
    public int ParameterBytes { get; set; }

    /// <summary>All registers.</summary>
    public List<PtxRegister> Registers { get; } = [];

    /// <summary>The code, in order.</summary>
    public List<PtxInstruction> Code { get; } = [];

    /// <summary>Labels with a position.</summary>
    public List<PtxLabel> Labels { get; } = [];

    /// <summary>Static shared variables, laid out from 0.</summary>
    public List<PtxVariable> Shared { get; } = [];

    /// <summary>Bytes of the static shared variables.</summary>
    public int SharedBytes { get; set; }

    /// <summary>Alignment of the dynamic shared array, which follows the static variables.</summary>
    public int DynamicSharedAlignment { get; set; } = 16;

    /// <summary>Variables of one thread.</summary>
    public List<PtxVariable> Local { get; } = [];

    /// <summary>Bytes of the variables of one thread.</summary>
    public int LocalBytes { get; set; }

    /// <summary>Most threads of a block (<c>.maxntid</c>, <c>.reqntid</c>), or 0.</summary>
    public int MaxThreads { get; set; }

    /// <summary>Exact threads of a block (<c>.reqntid</c>), or 0.</summary>
    public int RequiredThreads { get; set; }

    /// <summary>Blocks of a cluster (<c>.reqnctapercluster</c>), or zeros.</summary>
    public (int X, int Y, int Z) Cluster { get; set; }

    /// <summary>Whether a launch must name a cluster shape (<c>.explicitcluster</c>).</summary>
    public bool ExplicitCluster { get; set; }
}
