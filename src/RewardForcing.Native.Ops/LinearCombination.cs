using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Weighted sums, the arithmetic of samplers.</summary>
public static class LinearCombination
{
    private const string Op = "linear_combination";
    private const int Piece = 1024;

    /// <summary>Computes <c>y = sum_i factor_i * term_i</c> from left to right. Products and sums are double and rounded once.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="dtype">Type of the result: F32 or BF16.</param>
    /// <param name="terms">At least one factor and tensor; all of one shape; F32 or BF16.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor Forward(Pass pass, DType dtype, params ReadOnlySpan<(double Factor, Tensor Term)> terms)
    {
        Check.That(!terms.IsEmpty, Op, "there must be at least one term, got none.");
        Check.That(dtype is DType.F32 or DType.BF16, Op, $"the result must be F32 or BF16, got {dtype}.");
        Shape shape = terms[0].Term.Shape;
        foreach ((double _, Tensor term) in terms)
        {
            Check.Activation(Op, term);
            Check.Shape(Op, term, shape, "as the first term");
        }

        Tensor y = pass.New(shape, dtype);
        Record(pass, y, terms);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(pass, cuda, terms, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        var factors = new double[terms.Length];
        var sources = new Elements[terms.Length];
        for (int i = 0; i < terms.Length; i++)
        {
            (factors[i], sources[i]) = (terms[i].Factor, new Elements(terms[i].Term));
        }

        Elements target = new(y);
        Chunks.Flat(cpu, y.Count, 2, (first, count, scratch) =>
        {
            Span<float> result = target.Target(first, count, scratch);
            Combine(factors, sources, first, result, scratch[Chunks.Block..]);
            target.Commit(first, result);
        });
        return y;
    }

    private static void Record(Pass pass, Tensor y, ReadOnlySpan<(double Factor, Tensor Term)> terms)
    {
        if (pass.IsTraining)
        {
            (double Factor, Tensor Term)[] kept = terms.ToArray();
            pass.Record(y, Array.ConvertAll(kept, static pair => pair.Term), [], (back, dy) =>
                Array.ConvertAll(kept, pair => pair.Term.NeedsGrad ? Forward(back, Gradients.TypeOf(pair.Term), (pair.Factor, dy)) : null));
        }
    }

    // In pieces that fit the stack: the sums are doubles until the last term has been added.
    private static void Combine(double[] factors, Elements[] sources, long first, Span<float> result, Span<float> scratch)
    {
        Span<double> sums = stackalloc double[Piece];
        for (int at = 0; at < result.Length; at += Piece)
        {
            int length = Math.Min(Piece, result.Length - at);
            for (int term = 0; term < factors.Length; term++)
            {
                ReadOnlySpan<float> values = sources[term].Read(first + at, length, scratch);
                for (int i = 0; i < length; i++)
                {
                    double product = factors[term] * values[i];
                    sums[i] = term == 0 ? product : sums[i] + product;
                }
            }

            for (int i = 0; i < length; i++)
            {
                result[at + i] = (float)sums[i];
            }
        }
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, ReadOnlySpan<(double Factor, Tensor Term)> terms, Tensor y)
    {
        using Scope scope = pass.BeginScope();
        var words = new long[3 * terms.Length];
        int width = KernelPlan.Width(y.Count, y);
        for (int i = 0; i < terms.Length; i++)
        {
            (double factor, Tensor term) = terms[i];
            words[3 * i] = term.Address;
            words[(3 * i) + 1] = BitConverter.DoubleToInt64Bits(factor);
            words[(3 * i) + 2] = term.DType == DType.BF16 ? 1 : 0;
            width = Math.Min(width, KernelPlan.Width(y.Count, y, term));
        }

        new KernelCall(cuda, "linear_combination").Define("RF_T", y.DType)
            .Pointer(y).Pointer(pass.From<long>(new Shape(terms.Length, 3), words)).Int(terms.Length).Long(y.Count)
            .RunFlat("linear_combination_forward", y.Count, Math.Min(4, width));
    }
}
