using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Makes the weights a network starts with; each tensor has its own stream, so the same seed gives the same file.</summary>
/// <param name="seed">Seed of all draws.</param>
/// <param name="type">F32 or BF16.</param>
internal sealed class FreshWeights(ulong seed, ElementType type)
{
    private const float EmbeddingDeviation = 0.02f;

    // Log of the preference of an attention head of umT5 for its one distance.
    private const float Preference = 5;

    // Scores of umT5 are not divided by the root of a head's width; small queries leave the choice of keys to the distances.
    private const float QueryShare = 0.05f;
    private static readonly int[] _distances = [-1, 1, -2, 2];

    /// <summary>A tensor of a Wan transformer.</summary>
    /// <remarks>
    /// Wan 2.1, <c>init_weights</c>: linear layers and the patch embedding uniform after Glorot, biases zero, the embeddings of text and time normal of
    /// deviation 0.02, modulations normal of deviation <c>1 / sqrt(dim)</c>, norms 1, and the head zero, so that the first output is zero everywhere.
    /// </remarks>
    public WritableTensor Transformer(ParameterSpec spec)
    {
        string name = spec.Name;
        return Tensor(spec, values =>
        {
            if (name.EndsWith("modulation", StringComparison.Ordinal))
            {
                Normal(values, name, 1 / MathF.Sqrt(spec.Shape[^1]));
            }
            else if (spec.Shape.Rank == 1)
            {
                values.Fill(name.EndsWith(".weight", StringComparison.Ordinal) ? 1 : 0);
            }
            else if (name.StartsWith("text_embedding", StringComparison.Ordinal) || name.StartsWith("time_embedding", StringComparison.Ordinal))
            {
                Normal(values, name, EmbeddingDeviation);
            }
            else if (name != "head.head.weight")
            {
                int outputs = spec.Shape[0], inputs = (int)(spec.Shape.Count / outputs);
                Uniform(values, name, MathF.Sqrt(6f / (inputs + outputs)));
            }
        });
    }

    /// <summary>A tensor of an umT5 encoder that is not trained but tells tokens, and what stands beside them, apart.</summary>
    /// <remarks>
    /// Each head looks at one distance (the token before, behind, two before, two behind), so that a row is a random code of its token and its neighbours:
    /// "blue" of "blue circle" differs from "blue" of "blue field".
    /// </remarks>
    /// <param name="spec">What the network declares.</param>
    /// <param name="config">Sizes.</param>
    public WritableTensor TextEncoder(ParameterSpec spec, UmT5Config config)
    {
        string name = spec.Name;
        return Tensor(spec, values =>
        {
            if (spec.Shape.Rank == 1)
            {
                values.Fill(1);
            }
            else if (name.EndsWith("pos_embedding.embedding.weight", StringComparison.Ordinal))
            {
                for (int head = 0; head < config.Heads; head++)
                {
                    values[(Bucket(_distances[head % _distances.Length], config.Buckets) * config.Heads) + head] = Preference;
                }
            }
            else
            {
                bool isTable = name == "token_embedding.weight", isQuery = name.EndsWith("attn.q.weight", StringComparison.Ordinal);
                Normal(values, name, isTable ? 1 : (isQuery ? QueryShare : 1) / MathF.Sqrt(spec.Shape[1]));
            }
        });
    }

    // Key minus query; keys behind the query have the second half of the table. Spec: models 7.2.
    private static int Bucket(int distance, int buckets) => distance > 0 ? (buckets / 2) + distance : -distance;

    private delegate void FillValues(Span<float> values);

    private WritableTensor Tensor(ParameterSpec spec, FillValues fill)
    {
        long[] shape = [.. spec.Shape.ToArray().Select(static extent => (long)extent)];
        return new WritableTensor(spec.Name, type, shape, stream =>
        {
            float[] values = new float[spec.Shape.Count];
            fill(values);
            stream.Write(type == ElementType.BF16
                ? MemoryMarshal.AsBytes(Array.ConvertAll(values, static value => (BFloat16)value).AsSpan())
                : MemoryMarshal.AsBytes(values.AsSpan()));
        });
    }

    private void Normal(Span<float> values, string name, float deviation)
    {
        Philox.Normals(values, Hash(name), 0, 0, seed);
        foreach (ref float value in values)
        {
            value *= deviation;
        }
    }

    private void Uniform(Span<float> values, string name, float bound)
    {
        uint stream = Hash(name);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = bound * ((float)(Philox.Block((uint)i, stream, 0, 1, seed).R0 / 2147483648.0) - 1);
        }
    }

    // FNV-1a.
    private static uint Hash(string name) => name.Aggregate(2166136261u, static (hash, letter) => unchecked((hash ^ letter) * 16777619u));
}
