using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Steps that look whether registers of warpgroup products are used too early, before the instructions at which they could be.</summary>
internal static unsafe class ProductChecks
{
    /// <summary>Adds the steps that an instruction needs.</summary>
    public static void Emit(Lowering l, ProductRegisters registers, int instruction)
    {
        if (registers.UsedEarly(instruction) is { Count: > 0 } used)
        {
            int number = l.AddObject(new Check([.. used.Select(use => use.Register)], [.. used.Select(use => use.IsWritten)], [.. used.Select(use => l.Kernel.Registers[use.Register].Name)]));
            l.Add(&CheckUnderWay).Object = number;
        }

        if (registers.Unfenced(instruction) is >= 0 and int register)
        {
            int number = l.AddObject(l.Kernel.Registers[register].Name);
            l.Add(&ReportUnfenced).Object = number;
        }
    }

    private sealed record Check(int[] Registers, bool[] IsWritten, string[] Names);

    private static Operation* CheckUnderWay(Warp w, Operation* o)
    {
        if (w.Checker is null)
        {
            return o + 1;
        }

        var check = (Check)w.Program.Objects[o->Object];
        for (int i = 0; i < check.Registers.Length; i++)
        {
            bool isResult = w.Products.Writes(check.Registers[i]);
            if (isResult || (check.IsWritten[i] && w.Products.Reads(check.Registers[i])))
            {
                w.Checker.Report(w, FindingKind.WarpgroupProduct, o, Warp.First(w.Mask),
                    $"register {check.Names[i]} is {(check.IsWritten[i] ? "written" : "read")} while a product that {(isResult ? "writes" : "reads")} it is under way, with no wgmma.wait_group between");
            }
        }

        return o + 1;
    }

    private static Operation* ReportUnfenced(Warp w, Operation* o)
    {
        w.Checker?.Report(w, FindingKind.WarpgroupProduct, o, Warp.First(w.Mask),
            $"register {(string)w.Program.Objects[o->Object]} was written since the last wgmma.fence and is used by a product");
        return o + 1;
    }
}
