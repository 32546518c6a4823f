using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace MakeCheckpoint;

/// <summary>Random values with scales that keep activations near one, each tensor from its own stream: the same seed gives the same file.</summary>
internal sealed class RandomWeights(ulong seed, ElementType type)
{
    private const int ChunkElements = 1 << 18;

    /// <param name="spec">What the network declares; scales follow from this name.</param>
    /// <param name="name">Key in the file.</param>
    public WritableTensor Tensor(ParameterSpec spec, string name)
    {
        (float mean, float std) = Scale(spec);
        long[] shape = [.. spec.Shape.ToArray().Select(static extent => (long)extent)];
        return new WritableTensor(name, type, shape, stream => Fill(stream, spec.Name, spec.Shape.Count, mean, std));
    }

    private static (float Mean, float Std) Scale(ParameterSpec spec)
    {
        string name = spec.Name;
        bool vector = spec.Shape.Rank == 1;
        if (name.EndsWith("gamma", StringComparison.Ordinal) || (vector && name.EndsWith("weight", StringComparison.Ordinal)))
        {
            return (1f, 0.02f);
        }

        if (vector || name.Contains("pos_embedding", StringComparison.Ordinal))
        {
            return (0f, 0.02f);
        }

        if (name == "token_embedding.weight")
        {
            return (0f, 1f);
        }

        long fanIn = name.EndsWith("modulation", StringComparison.Ordinal) ? spec.Shape[^1] : spec.Shape.Count / spec.Shape[0];
        float std = 1f / MathF.Sqrt(fanIn);

        // umT5 does not divide scores by the root of the head's width, so its queries carry that factor; heads are 64 wide.
        return (0f, name.EndsWith(".attn.q.weight", StringComparison.Ordinal) ? std / 8f : std);
    }

    private void Fill(Stream stream, string name, long count, float mean, float std)
    {
        ulong state = seed;
        foreach (char letter in name)
        {
            state = Mix(state ^ letter);
        }

        // A uniform draw on [-1, 1) has the standard deviation 1/sqrt(3).
        float scale = std * MathF.Sqrt(3f);
        float[] values = new float[(int)Math.Min(count, ChunkElements)];
        for (long done = 0; done < count; done += values.Length)
        {
            Span<float> chunk = values.AsSpan(0, (int)Math.Min(values.Length, count - done));
            for (int i = 0; i < chunk.Length; i++)
            {
                float unit = (Mix(state + (ulong)(done + i)) >> 40) / (float)(1 << 23);
                chunk[i] = mean + (scale * (unit - 1f));
            }

            Write(stream, chunk);
        }
    }

    private void Write(Stream stream, ReadOnlySpan<float> values)
    {
        switch (type)
        {
            case ElementType.BF16:
                Convert(stream, values, static value => ((BFloat16)value).Bits);
                break;
            case ElementType.F16:
                Convert(stream, values, static value => BitConverter.HalfToUInt16Bits((Half)value));
                break;
            case ElementType.F8E4M3:
                Convert(stream, values, static value => ((Float8E4M3)value).Bits);
                break;
            default:
                stream.Write(MemoryMarshal.AsBytes(values));
                break;
        }
    }

    private static void Convert<T>(Stream stream, ReadOnlySpan<float> values, Func<float, T> convert)
        where T : unmanaged
    {
        T[] stored = new T[values.Length];
        for (int i = 0; i < stored.Length; i++)
        {
            stored[i] = convert(values[i]);
        }

        stream.Write(MemoryMarshal.AsBytes(stored.AsSpan()));
    }

    // SplitMix64's finaliser (Steele, Lea and Flood 2014).
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
