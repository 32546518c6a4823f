using System.Globalization;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>
/// <c>wgmma</c>: products of a warpgroup with factors in shared memory. A warp forms its 16 rows when it comes to the instruction; the product counts as under
/// way, its registers and shared memory as in use, until a wait, which holds a warp until all four have started what it waits for.
/// </summary>
internal static unsafe class WarpgroupProducts
{
    private static readonly PtxType U32 = new(PtxKind.Unsigned, 4);
    private static readonly PtxType B32 = new(PtxKind.Bits, 4);
    private static readonly PtxType B64 = new(PtxKind.Bits, 8);

    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        string kind = m.OneOf("fence", "commit_group", "wait_group", "mma_async") ?? throw new UnknownFormException("its kind is missing");
        m.Take("sync");
        m.Take("aligned");
        switch (kind)
        {
            case "fence":
                l.Add(&Fence);
                break;
            case "commit_group":
                l.Add(&Commit);
                break;
            case "wait_group":
                l.Add(&Wait).Immediate = (long)Lowering.Number(i.Operands[0], U32);
                break;
            default:
                LowerProduct(l, i, m);
                break;
        }
    }

    private static void LowerProduct(Lowering l, PtxInstruction i, Modifiers m)
    {
        string shape = m.First(word => word.StartsWith("m64n")) ?? throw new UnknownFormException("only m64 is there");
        string[] extents = shape["m64n".Length..].Split('k');
        if (m.Take("sp") || m.Take("satfinite"))
        {
            throw new UnknownFormException("sparse or saturating products");
        }

        PtxType b = m.Type(), a = m.Type(), d = m.Type();
        int n = int.Parse(extents[0], CultureInfo.InvariantCulture), k = int.Parse(extents[1], CultureInfo.InvariantCulture);
        Check(a, b, d, n, k);
        IReadOnlyList<PtxOperand> operands = i.Operands;
        bool inRegisters = operands[1].Kind == PtxOperandKind.Vector, transposable = a.Bytes == 2;
        int flags = a.IsInteger ? 0 : 2, transposes = !transposable ? 0 : inRegisters ? 1 : 2;
        if (operands.Count != 4 + flags + transposes || operands[0].Elements.Count != n / 2 || (inRegisters && operands[1].Elements.Count != 4))
        {
            throw new UnknownFormException("its number of operands");
        }

        int adds = operands[3].Kind == PtxOperandKind.Immediate ? l.Constant(operands[3].Bits & 1, 0) : l.Predicate(operands[3]);
        int number = l.AddObject(new WarpgroupPlan(n, k, a, b, d, [.. operands[0].Elements.Select(element => l.Target(element, d))])
        {
            A = inRegisters ? [.. operands[1].Elements.Select(element => l.Source(element, B32))] : null,
            DescriptorA = inRegisters ? 0 : l.Source(operands[1], B64),
            DescriptorB = l.Source(operands[2], B64),
            Adds = adds,
            NegatesA = flags > 0 && Flag(operands[4], -1),
            NegatesB = flags > 0 && Flag(operands[5], -1),
            TransposesA = transposes == 2 && Flag(operands[4 + flags], 1),
            TransposesB = transposes > 0 && Flag(operands[^1], 1),
            ResultRegisters = [.. operands[0].Elements.Select(element => element.Register!.Index)],
            FactorRegisters = inRegisters ? [.. operands[1].Elements.Where(element => element.Register is not null).Select(element => element.Register!.Index)] : [],
        });
        l.Add(d.IsInteger ? &RunIntegers : &RunFloats).Object = number;
    }

    private static bool Flag(PtxOperand operand, long yes) => (int)Lowering.Number(operand, B64) == yes;

    private static void Check(PtxType a, PtxType b, PtxType d, int n, int k)
    {
        bool floats = d is { Kind: PtxKind.Float, Bytes: 4 } && (a.Kind, k) switch
        {
            (PtxKind.BFloat, 16) => a == b,
            (PtxKind.Float, 16) => a == b && a.Bytes == 2,
            (PtxKind.Tf32, 8) => a == b,
            (PtxKind.E4M3 or PtxKind.E5M2, 32) => b.Kind is PtxKind.E4M3 or PtxKind.E5M2,
            _ => false,
        };
        bool integers = d is { Kind: PtxKind.Signed, Bytes: 4 } && a.IsInteger && b.IsInteger && a.Bytes == 1 && b.Bytes == 1 && k == 32;
        if (!(floats || integers) || n % 8 != 0 || n is < 8 or > 256)
        {
            throw new UnknownFormException($"products of .{a} and .{b} to .{d} with {n} columns and an inner extent of {k}");
        }
    }

    private static Operation* Fence(Warp w, Operation* o)
    {
        Group(w, o);
        return o + 1;
    }

    private static Operation* Commit(Warp w, Operation* o)
    {
        Group(w, o);
        w.Products.Commit();
        int first = w.Index / Warpgroup.Warps * Warpgroup.Warps;
        for (int i = first; i < first + Warpgroup.Warps; i++)
        {
            Warp other = w.Block.Warps[i];
            other.State = other.State == WarpState.AtProducts ? WarpState.Ready : other.State;
        }

        w.Block.Worker.Progress++;
        return o + 1;
    }

    private static Operation* Wait(Warp w, Operation* o)
    {
        Group(w, o);
        int done = w.Products.Committed - (int)o->Immediate;
        if (done <= w.Products.Done)
        {
            return o + 1;
        }

        int first = w.Index / Warpgroup.Warps * Warpgroup.Warps;
        for (int i = first; i < first + Warpgroup.Warps; i++)
        {
            Warp other = w.Block.Warps[i];
            if (other.Products.Committed >= done)
            {
                continue;
            }

            if (other.State == WarpState.Done)
            {
                throw w.Fault(FindingKind.WarpgroupProduct, o, 0, $"warp {other.Index} of the warpgroup has left the kernel and takes no part in the products that are waited for");
            }

            w.Next = o;
            w.StoppedAt = o;
            w.State = WarpState.AtProducts;
            return null;
        }

        w.Products.Finish(done);
        if (w.Checker is not null)
        {
            SharedShadow shadow = w.Block.Shadow!;
            shadow.Clocks.See(shadow.AgentOf(w), shadow.TensorUnit(w), done);
        }

        return o + 1;
    }

    private static Operation* RunFloats(Warp w, Operation* o)
    {
        var plan = (WarpgroupPlan)w.Program.Objects[o->Object];
        int number = Start(w, o, plan);
        Warpgroup group = Group(w, o);
        float[]? right = group.Kept(number);
        if (right is null)
        {
            right = WarpgroupFactors.Right(w, o, plan, group.Older(number));
            group.Keep(number, right);
        }

        WarpgroupFactors.CheckRight(w, o, plan);
        float* a = stackalloc float[16 * plan.K];
        WarpgroupFactors.Left(w, o, plan, a);
        WarpgroupSums.Add(w, plan, a, right);
        return o + 1;
    }

    private static Operation* RunIntegers(Warp w, Operation* o)
    {
        var plan = (WarpgroupPlan)w.Program.Objects[o->Object];
        Start(w, o, plan);
        WarpgroupFactors.CheckRight(w, o, plan);
        byte* a = stackalloc byte[16 * plan.K], b = stackalloc byte[plan.N * plan.K];
        WarpgroupFactors.LeftBytes(w, o, plan, a);
        WarpgroupFactors.RightBytes(w, o, plan, b);
        WarpgroupSums.AddIntegers(w, plan, a, b);
        return o + 1;
    }

    private static int Start(Warp w, Operation* o, WarpgroupPlan plan)
    {
        Warpgroup group = Group(w, o);
        int number = w.Products.Start(plan.ResultRegisters, plan.FactorRegisters);
        if (!group.Start(number, o->Instruction, out int other))
        {
            throw w.Fault(FindingKind.WarpgroupProduct, o, 0,
                $"the warps of a warpgroup start different products: another warp started the one at PTX line {w.Program.Kernel.Code[other].Line} in this one's place");
        }

        return number;
    }

    private static Warpgroup Group(Warp w, Operation* o)
    {
        MatrixLoads.WholeWarp(w, o);
        int group = w.Index / Warpgroup.Warps;
        return (group + 1) * Warpgroup.Warps <= w.Block.Warps.Length ? w.Block.Warpgroups[group]
            : throw w.Fault(FindingKind.WarpgroupProduct, o, 0, $"a warpgroup has {Warpgroup.Warps} warps, and the block's last has {w.Block.Warps.Length % Warpgroup.Warps}");
    }
}
