using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;
using Xunit;

namespace RewardForcing.Native.Tests.Cases;

/// <summary>The checks themselves: each defect they are there for is planted once and must be found.</summary>
public class OpCaseCheckTests
{
    private static readonly OpSample Addition = OpCases.Of("add").Samples[1];

    [Fact]
    public void Forward_RightOp_HasNoComplaint() => Assert.Empty(Check(Add.Forward));

    [Fact]
    public void Forward_ValueOffByThreeSpacings_IsFound() => Finds("element 5 is", (pass, a, b) =>
    {
        Tensor y = Add.Forward(pass, a, b);
        y.Span<float>()[5] = MathF.BitIncrement(MathF.BitIncrement(MathF.BitIncrement(MathF.BitIncrement(y.Span<float>()[5]))));
        return y;
    });

    [Fact]
    public void Forward_ElementNotWritten_IsFound() => Finds("is NaN", static (pass, a, b) => pass.New(a.Shape));

    [Fact]
    public void Forward_BFloat16CutOffInsteadOfRounded_IsFound() => Finds("allowed before rounding to BF16", new CaseTypes(DType.BF16, DType.F32), static (pass, a, b) =>
    {
        Tensor y = pass.New(a.Shape, DType.BF16);
        (float[] u, float[] v) = (a.ToFloats(), b.ToFloats());
        for (int i = 0; i < u.Length; i++)
        {
            y.Span<BFloat16>()[i] = BFloat16.FromBits((ushort)(BitConverter.SingleToUInt32Bits(u[i] + v[i]) >> 16));
        }

        return y;
    });

    [Fact]
    public void Forward_OtherShape_IsFound() => Finds("expected F32 [2, 3, 7], got F32 [42]", static (pass, a, b) => pass.Reshape(Add.Forward(pass, a, b), new Shape(42)));

    [Fact]
    public void Forward_OtherType_IsFound() => Finds("got BF16", static (pass, a, b) => Cast.Forward(pass, Add.Forward(pass, a, b), DType.BF16));

    [Fact]
    public void Forward_InputChanged_IsFound() => Finds("changed its input a", static (pass, a, b) =>
    {
        Tensor y = Add.Forward(pass, a, b);
        a.Span<float>()[3] = 7;
        return y;
    });

    [Fact]
    public void Forward_SecondRunDiffers_IsFound()
    {
        int calls = 0;
        Finds("second run", (pass, a, b) => Nudged(pass, a, b, calls++ == 1));
    }

    [Fact]
    public void Forward_ThreadsChangeABit_IsFound() =>
        Finds("number of threads", static (pass, a, b) => Nudged(pass, a, b, ((CpuDevice)pass.Device).Workers.Threads > 1));

    [Fact]
    public void Forward_MemoryKept_IsFound()
    {
        List<OwnedTensor> kept = [];
        try
        {
            Finds("leaks", (pass, a, b) =>
            {
                kept.Add(OwnedTensor.New(pass.Device, new Shape(3)));
                return Add.Forward(pass, a, b);
            });
        }
        finally
        {
            kept.ForEach(static one => one.Dispose());
        }
    }

    [Fact]
    public void Forward_WriteBehindTheEnd_IsFound() => Finds("past the end", static (pass, a, b) =>
    {
        Tensor y = Add.Forward(pass, a, b);
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref y.Span<float>()[0], (int)y.Count + 1)[^1] = 0;
        return y;
    });

    [Fact]
    public void Run_CallAccepted_IsFound() => Assert.Contains("accepts a call", Assert.Single(RefusalCheck.Run(new OpenMindedCase(), TestDevice.Of("cpu"))), StringComparison.Ordinal);

    [Theory]
    [InlineData(2f, DType.F32, 0, null)]
    [InlineData(2.001f, DType.F32, 0, "F32 on cpu: square 5: the derivative by element 0 of x is")]
    [InlineData(2.1f, DType.BF16, 0, "BF16 on cpu: square 5: the derivative by element 0 of x is")]
    [InlineData(2.001f, DType.F32, 1, "F32 on cpu: square 3000: the derivative by x along a direction is")]
    [InlineData(2.1f, DType.BF16, 1, "BF16 on cpu: square 3000: the derivative by x along a direction is")]
    public void GradientCheck_Derivative_IsComparedWithTheFormula(float factor, DType type, int sample, string? complaint)
    {
        string? found = GradientCheck.Run(new SquareCase(factor, type).Samples[sample], TestDevice.Of("cpu")).FirstOrDefault();
        if (complaint is null)
        {
            Assert.Null(found);
        }
        else
        {
            Assert.StartsWith(complaint, found, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void GradientCheck_Derivative_IsReported()
    {
        using CpuDevice cpu = new(1, checkMemory: true);
        Assert.Null(GradientCheck.Run(new SquareCase(2, DType.F32).Samples[0], cpu, out bool hasDerivative));
        Assert.True(hasDerivative);
    }

    private static Tensor Nudged(Pass pass, Tensor a, Tensor b, bool nudge)
    {
        Tensor y = Add.Forward(pass, a, b);
        y.Span<float>()[0] = nudge ? MathF.BitIncrement(y.Span<float>()[0]) : y.Span<float>()[0];
        return y;
    }

    private static string[] Check(Func<Pass, Tensor, Tensor, Tensor> op, CaseTypes? types = null)
    {
        using CpuDevice one = new(1, checkMemory: true);
        using CpuDevice three = new(3, checkMemory: true);
        return [.. OpCaseCheck.Forward(Addition, types ?? CaseTypes.Floats, [one, three], (pass, inputs) => op(pass, inputs[0], inputs[1]))];
    }

    private static void Finds(string complaint, Func<Pass, Tensor, Tensor, Tensor> op) => Finds(complaint, CaseTypes.Floats, op);

    private static void Finds(string complaint, CaseTypes types, Func<Pass, Tensor, Tensor, Tensor> op) =>
        Assert.Contains(complaint, Assert.Single(Check(op, types)), StringComparison.Ordinal);

    /// <summary>Refuses nothing, though it says so.</summary>
    private sealed class OpenMindedCase : OpCase
    {
        public override IReadOnlyList<OpSample> Samples => [OpCases.Of("sinusoid").Samples[0]];

        public override IReadOnlyList<Refusal> Refusals => [new(static _ => { }, "everything")];
    }

    /// <summary>An op with a derivative: <c>y = x²</c>, <c>dx = 2 x dy</c>, but with another factor for one element type.</summary>
    private sealed class SquareCase(float factor, DType type) : OpCase<int>
    {
        public override IReadOnlyList<int> Sizes => [5, 3000];

        public override IReadOnlyList<Refusal> Refusals => [];

        public override IReadOnlyList<CaseInput> Inputs(int size) => [new("x", new Shape(size))];

        public override Tensor Run(Pass pass, int size, Tensor[] inputs)
        {
            Tensor x = inputs[0], y = pass.New(x.Shape, x.DType);
            ElementValues.Write(y, [.. x.ToFloats().Select(static v => (double)v * v)]);
            pass.Record(y, [x], [x], (back, dy) =>
            {
                Tensor dx = back.New(x.Shape, x.DType);
                ElementValues.Write(dx, [.. x.ToFloats().Zip(dy.ToFloats(), (v, d) => (double)v * d * (x.DType == type ? factor : 2))]);
                return [dx];
            });
            return y;
        }

        public override Numbers<T> Reference<T>(int size, Numbers<T>[] inputs, Func<T, T> round) =>
            new(inputs[0].Shape, Array.ConvertAll(inputs[0].Values, static x => x * x));
    }
}
