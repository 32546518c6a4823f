using System.Numerics;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="Attention"/>.</summary>
public sealed class AttentionCase : OpCase<AttentionCase.Size>
{
    /// <summary>Sizes, mask, and whether there is a relative bias.</summary>
    public readonly record struct Size(int Batch, int Queries, int Keys, int Heads, int Width, AttentionMask Mask = default, bool Bias = false)
    {
        /// <summary>Larger than <c>1/sqrt(D)</c>, so that some keys matter more than others.</summary>
        public float Scale => 3 / MathF.Sqrt(Width);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(1, 1, 1, 1, 1), new(2, 3, 5, 2, 7), new(0, 3, 5, 2, 4), new(1, 0, 5, 2, 4), new(1, 3, 0, 2, 4), new(1, 3, 5, 0, 4),
        new(1, 21, 33, 3, 12, Bias: true), new(2, 17, 61, 2, 8, AttentionMask.Window(0, 0, 40), Bias: true),
        new(1, 11, 90, 2, 16, AttentionMask.Window(30, 40, 75)), new(1, 40, 40, 1, 12, AttentionMask.BlockCausal(4, 6, 9, 37)),
        new(1, 40, 40, 2, 6, AttentionMask.TeacherForcing(18, 6)),
        new(1, 24, 130, 2, 128), new(2, 70, 150, 2, 128), new(1, 1560, 4680, 12, 128),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => Call(pass, new(3, 2, 4), new(1, 5, 2, 4), new(1, 5, 2, 4)), "q", "[B, L, N, D]", "got [3, 2, 4]"),
        new(static pass => Call(pass, new(1, 3, 2, 4), new(5, 2, 4), new(1, 5, 2, 4)), "k", "[B, S, N, D]", "got [5, 2, 4]"),
        new(static pass => Call(pass, new(1, 3, 2, 4), new(1, 5, 2, 3), new(1, 5, 2, 3)), "k", "[1, 5, 2, 4]", "got [1, 5, 2, 3]"),
        new(static pass => Call(pass, new(1, 3, 2, 4), new(1, 5, 2, 4), new(1, 4, 2, 4)), "v", "[1, 5, 2, 4]", "got [1, 4, 2, 4]"),
        new(static pass => Attention.Forward(pass, pass.Zeros(new(1, 3, 2, 4)), pass.Zeros(new(1, 5, 2, 4), DType.BF16), pass.Zeros(new(1, 5, 2, 4)), 1), "k", "F32", "got BF16"),
        new(static pass => Call(pass, new(1, 3, 2, 4), new(1, 5, 2, 4), new(1, 5, 2, 4), new(2, 8)), "relativeBias", "[2, 7]", "got [2, 8]"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size)
    {
        CaseInput q = new("q", new Shape(size.Batch, size.Queries, size.Heads, size.Width));
        CaseInput k = new("k", new Shape(size.Batch, size.Keys, size.Heads, size.Width));
        CaseInput v = k with { Name = "v" };
        return size.Bias ? [q, k, v, new("relativeBias", new Shape(size.Heads, size.Queries + size.Keys - 1), InputKind.Weight)] : [q, k, v];
    }

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) =>
        Attention.Forward(pass, inputs[0], inputs[1], inputs[2], size.Scale, size.Mask, size.Bias ? inputs[3] : null);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Batch, size.Queries, size.Heads, size.Width);
        for (int b = 0; b < size.Batch; b++)
        {
            for (int i = 0; i < size.Queries; i++)
            {
                for (int n = 0; n < size.Heads; n++)
                {
                    T[] weights = Weights(size, inputs, round, b, i, n);
                    for (int j = 0; j < size.Keys; j++)
                    {
                        for (int d = 0; d < size.Width; d++)
                        {
                            y[b, i, n, d] += weights[j] * inputs[2][b, j, n, d];
                        }
                    }
                }
            }
        }

        return y;
    }

    /// <inheritdoc/>
    /// <remarks>A weight rounded to BF16 is off by at most 2^-9 of itself, and the sum of weights is not rounded.</remarks>
    public override Numbers<double> NarrowAllowance(Size size, Numbers<double>[] inputs) =>
        Reference(size, [.. inputs.Select(static (input, i) => i == 2 ? new Numbers<double>(input.Shape, Array.ConvertAll(input.Values, static v => Math.Abs(v) / 512)) : input)], BFloat16Of);

    internal override Tensor RunOn(SimdPath path, Pass pass, Size size, Tensor[] inputs)
    {
        Tensor y = pass.New(inputs[0].Shape, inputs[0].DType);
        if (y.Count > 0)
        {
            Attention.ForwardCpu((CpuDevice)pass.Device, path, inputs[0], inputs[1], inputs[2], size.Scale, size.Mask, size.Bias ? inputs[3] : null, y);
        }

        return y;
    }

    private static double BFloat16Of(double value) => BFloat16.Round((float)value);

    // Softmax of one query's scores; zeros for a query that sees no key.
    private static T[] Weights<T>(Size size, Numbers<T>[] inputs, Func<T, T> round, int b, int i, int n)
        where T : IFloatingPointIeee754<T>
    {
        var scores = new T[size.Keys];
        (T largest, T sum) = (T.NegativeInfinity, T.Zero);
        for (int j = 0; j < size.Keys; j++)
        {
            T score = T.Zero;
            for (int d = 0; d < size.Width; d++)
            {
                score += inputs[0][b, i, n, d] * inputs[1][b, j, n, d];
            }

            score *= T.CreateChecked(size.Scale);
            score = size.Bias ? round(round(score) + inputs[3][n, j - i + size.Queries - 1]) : score;
            scores[j] = size.Mask.Allows(i, j, size.Keys) ? score : T.NegativeInfinity;
            largest = T.Max(largest, scores[j]);
        }

        for (int j = 0; j < size.Keys; j++)
        {
            scores[j] = T.IsNegativeInfinity(scores[j]) ? T.Zero : T.Exp(scores[j] - largest);
            sum += scores[j];
        }

        return T.IsZero(sum) ? scores : Array.ConvertAll(scores, score => score / sum);
    }

    private static Tensor Call(Pass pass, Shape q, Shape k, Shape v, Shape? bias = null) =>
        Attention.Forward(pass, pass.Zeros(q), pass.Zeros(k), pass.Zeros(v), 1, relativeBias: bias is Shape shape ? pass.Zeros(shape) : null);
}
