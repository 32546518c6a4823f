using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Checking;

/// <summary>Words for what went wrong.</summary>
internal static unsafe class Faults
{
    /// <summary>A fault of a lane at a step.</summary>
    public static DeviceFault Fault(this Warp w, FindingKind kind, Operation* o, int lane, string what) => new(Describe(w, kind, o, lane, what));

    /// <summary>A finding about a lane at a step.</summary>
    public static Finding Describe(Warp w, FindingKind kind, Operation* o, int lane, string what)
    {
        PtxInstruction? instruction = w.Program.InstructionOf(o);
        string at = instruction is null ? "at its end" : $"at {instruction.Source?.ToString() ?? "an unknown line"}, PTX line {instruction.Line}: {instruction.Text}";
        return new Finding(kind, $"{kind}: {what}; kernel {w.Program.Kernel.Name}, block {w.Block.Index}, thread {w.Block.Thread(w, lane)} (warp {w.Index}, lane {lane}) {at}")
        {
            Kernel = w.Program.Kernel.Name,
            PtxLine = instruction?.Line ?? 0,
            Source = instruction?.Source,
        };
    }
}
