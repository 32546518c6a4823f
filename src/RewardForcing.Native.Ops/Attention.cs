using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Scaled dot-product attention without a score matrix.</summary>
public static class Attention
{
    private const string Op = "attention";

    /// <summary>Computes <c>softmax(scale · q kᵀ + bias) v</c> per head, online, in blocks of keys; sums are float.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="q">Queries, <c>[B, L, N, D]</c>, F32 or BF16.</param>
    /// <param name="k">Keys, <c>[B, S, N, D]</c>, same type.</param>
    /// <param name="v">Values, <c>[B, S, N, D]</c>, same type.</param>
    /// <param name="scale">Factor of the scores; Wan uses <c>1/sqrt(D)</c>, umT5 uses 1.</param>
    /// <param name="mask">Which keys a query sees. A query that sees none gives zeros.</param>
    /// <param name="relativeBias">
    /// Added to the scores, <c>[N, L + S - 1]</c>: entry <c>j - i + L - 1</c> belongs to query i and key j. With BF16 input the score is
    /// rounded before and after the addition, as umT5 in bfloat16 does.
    /// </param>
    /// <returns><c>[B, L, N, D]</c> of the type of <paramref name="q"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Dao 2023 (FlashAttention-2), algorithm 1.</remarks>
    public static Tensor Forward(Pass pass, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask = default, Tensor? relativeBias = null)
    {
        Check.Rank(Op, q, 4, "[B, L, N, D]");
        Check.Activation(Op, q);
        Check.SameType(Op, k, q);
        Check.SameType(Op, v, q);
        Check.Rank(Op, k, 4, "[B, S, N, D]");
        Check.Shape(Op, k, q.Shape.With(1, k.Shape[1]), $"to match q {q.Shape}");
        Check.Shape(Op, v, k.Shape, "as k");
        if (relativeBias is not null)
        {
            Check.Weight(Op, relativeBias);
            Check.Shape(Op, relativeBias, new Shape(q.Shape[2], q.Shape[1] + k.Shape[1] - 1), "for [N, L + S - 1]");
        }

        pass.RequireNoGrad(Op, q, k, v);
        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        Tensor y = pass.New(q.Shape, q.DType);
        new Problem(q, k, v, y, scale, mask, relativeBias).Run(cpu);
        return y;
    }

    private sealed class Problem(Tensor q, Tensor k, Tensor v, Tensor y, float scale, AttentionMask mask, Tensor? relativeBias)
    {
        private readonly Elements _q = new(q);
        private readonly Elements _k = new(k);
        private readonly Elements _v = new(v);
        private readonly Elements _y = new(y);
        private readonly int _queries = q.Shape[1];
        private readonly int _keys = k.Shape[1];
        private readonly int _heads = q.Shape[2];
        private readonly int _width = q.Shape[3];
        private readonly bool _round = q.DType == DType.BF16;
        private readonly float[]? _bias = relativeBias is null ? null : Widened(relativeBias);

        public void Run(CpuDevice cpu) => Chunks.Rows(cpu, q.Shape.Rows, (long)_keys * _width, 4 * _width, (first, count, scratch) =>
        {
            float[] scores = new float[_keys];
            for (long row = first; row < first + count; row++)
            {
                Span<float> result = _y.Target(row * _width, _width, scratch[(3 * _width)..]);
                Row(row, scores, result, scratch);
                _y.Commit(row * _width, result);
            }
        });

        private void Row(long row, float[] scores, Span<float> result, Span<float> scratch)
        {
            int head = (int)(row % _heads);
            int query = (int)(row / _heads % _queries);
            long batch = row / _heads / _queries;
            ReadOnlySpan<float> x = _q.Read(row * _width, _width, scratch);
            float largest = float.NegativeInfinity;
            for (int key = 0; key < _keys; key++)
            {
                scores[key] = float.NegativeInfinity;
                if (mask.Allows(query, key, _keys))
                {
                    float score = scale * Lanes.Dot(x, _k.Read(At(batch, key, head), _width, scratch[_width..]));
                    scores[key] = _bias is null ? score : Biased(score, (head * (_queries + _keys - 1)) + key - query + _queries - 1);
                    largest = MathF.Max(largest, scores[key]);
                }
            }

            result.Clear();
            double sum = 0;
            for (int key = 0; key < _keys; key++)
            {
                if (scores[key] > float.NegativeInfinity)
                {
                    float weight = MathF.Exp(scores[key] - largest);
                    sum += weight;
                    Add(weight, _v.Read(At(batch, key, head), _width, scratch[(2 * _width)..]), result);
                }
            }

            float inverse = sum > 0 ? (float)(1 / sum) : 0;
            for (int i = 0; i < result.Length; i++)
            {
                result[i] *= inverse;
            }
        }

        private static void Add(float weight, ReadOnlySpan<float> x, Span<float> y)
        {
            for (int i = 0; i < y.Length; i++)
            {
                y[i] += weight * x[i];
            }
        }

        private static float[] Widened(Tensor tensor)
        {
            float[] values = new float[tensor.Count];
            new Elements(tensor).Widen(0, values);
            return values;
        }

        private long At(long batch, int key, int head) => ((((batch * _keys) + key) * _heads) + head) * _width;

        private float Biased(float score, int entry) => _round ? (float)(BFloat16)((float)(BFloat16)score + _bias![entry]) : score + _bias![entry];
    }
}
