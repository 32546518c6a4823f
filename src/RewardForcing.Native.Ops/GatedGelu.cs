using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The gated unit of the umT5 feed-forward.</summary>
public static class GatedGelu
{
    private const string Op = "gated_gelu";

    /// <summary>Computes <c>y = up * gelu_tanh(gate)</c>; in BF16 every primitive of the GELU is rounded, as the reference evaluates it.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="gate">Output of <c>ffn.gate.0</c>, any shape, F32 or BF16.</param>
    /// <param name="up">Output of <c>ffn.fc1</c>, same shape and type.</param>
    /// <returns>Same shape and type.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <remarks>Spec: models 7.2. Shazeer 2020, GEGLU.</remarks>
    public static Tensor Forward(Pass pass, Tensor gate, Tensor up)
    {
        Check.Activation(Op, gate);
        Check.Shape(Op, up, gate.Shape, "as gate");
        Check.SameType(Op, up, gate);
        Tensor y = pass.New(gate.Shape, gate.DType);
        pass.Record(y, [gate, up], [gate, up], (back, dy) => Backward(back, dy, gate, up));
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, gate, up, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        (Elements gates, Elements ups, Elements target) = (new(gate), new(up), new(y));
        bool rounds = gate.DType == DType.BF16;
        Chunks.Flat(cpu, gate.Count, 3, (first, count, scratch) =>
        {
            ReadOnlySpan<float> g = gates.Read(first, count, scratch);
            ReadOnlySpan<float> u = ups.Read(first, count, scratch[Chunks.Block..]);
            Span<float> result = target.Target(first, count, scratch[(2 * Chunks.Block)..]);
            for (int i = 0; i < count; i += Lanes.Width)
            {
                Vector<float> x = Lanes.Load(g, i);
                Lanes.Store((rounds ? SteppedGelu(x) : VectorMath.GeluTanh(x)) * Lanes.Load(u, i), result, i);
            }

            target.Commit(first, result);
        });
        return y;
    }

    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor gate, Tensor up)
    {
        (Tensor? dgate, Tensor? dup) = (Gradients.New(pass, gate), Gradients.New(pass, up));
        if (pass.Device is CudaDevice cuda)
        {
            (dgate, dup) = (Gradients.Like(pass, gate), Gradients.Like(pass, up));
            new KernelCall(cuda, "gated_gelu").Define("RF_T", gate.DType).Pointer(dgate).Pointer(dup).Pointer(dy).Pointer(gate).Pointer(up).Long(gate.Count)
                .RunFlat("gated_gelu_backward", gate.Count, KernelPlan.Width(gate.Count, dgate, dup, dy, gate, up));
            return [dgate, dup];
        }

        (Elements grads, Elements gates, Elements ups) = (new(dy), new(gate), new(up));
        Elements? toGate = dgate is null ? null : new Elements(dgate), toUp = dup is null ? null : new Elements(dup);
        Chunks.Flat(Check.Cpu(Op, pass.Device), gate.Count, 4, (first, count, scratch) =>
        {
            ReadOnlySpan<float> g = gates.Read(first, count, scratch);
            ReadOnlySpan<float> d = grads.Read(first, count, scratch[Chunks.Block..]);
            if (toUp is { } upPlace)
            {
                Span<float> result = upPlace.Target(first, count, scratch[(2 * Chunks.Block)..]);
                for (int i = 0; i < count; i += Lanes.Width)
                {
                    Lanes.Store(Lanes.Load(d, i) * VectorMath.GeluTanh(Lanes.Load(g, i)), result, i);
                }

                upPlace.Commit(first, result);
            }

            if (toGate is { } gatePlace)
            {
                ReadOnlySpan<float> u = ups.Read(first, count, scratch[(2 * Chunks.Block)..]);
                Span<float> result = gatePlace.Target(first, count, scratch[(3 * Chunks.Block)..]);
                for (int i = 0; i < count; i += Lanes.Width)
                {
                    Lanes.Store(Lanes.Load(d, i) * Lanes.Load(u, i) * VectorMath.GeluTanhSlope(Lanes.Load(g, i)), result, i);
                }

                gatePlace.Commit(first, result);
            }
        });
        return [dgate, dup];
    }

    private static Vector<float> SteppedGelu(Vector<float> x)
    {
        Vector<float> cube = Rounding.Nearest(x * x * x);
        Vector<float> sum = Rounding.Nearest(x + Rounding.Nearest(cube * new Vector<float>(0.044715f)));
        Vector<float> tanh = Rounding.Nearest(VectorMath.Tanh(Rounding.Nearest(sum * new Vector<float>(0.7978845608028654f))));
        Vector<float> half = Rounding.Nearest(x * new Vector<float>(0.5f));
        return Rounding.Nearest(half * Rounding.Nearest(Vector<float>.One + tanh));
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor gate, Tensor up, Tensor y) =>
        new KernelCall(cuda, "gated_gelu").Define("RF_T", gate.DType).Pointer(y).Pointer(gate).Pointer(up).Long(gate.Count)
            .RunFlat("gated_gelu_forward", gate.Count, KernelPlan.Width(gate.Count, y, gate, up));
}
