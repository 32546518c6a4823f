using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Rotary position embedding over time, height and width.</summary>
public static class Rope
{
    private const string Op = "rope";
    private const double Theta = 10000;

    /// <summary>Rotates channel pairs (2i, 2i+1) by position times frequency: angles, cosines and sines in double, the products in float, rounded once to the type of <paramref name="x"/>.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Queries or keys, <c>[B, L, N, D]</c>, D even, F32 or BF16.</param>
    /// <param name="grid">Positions; tokens past <c>grid.Tokens</c> are copied unrotated.</param>
    /// <returns>Same shape and type as <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">There are fewer tokens than the grid has positions, or D is odd.</exception>
    /// <remarks>
    /// Height and width take 2·⌊D/6⌋ channels each, time the rest; theta 10000, each axis with its own width in the exponent. Any
    /// temporal position works: there is no table of 1024 rows. Spec: models 1.4(8).
    /// </remarks>
    public static Tensor Forward(Pass pass, Tensor x, RopeGrid grid)
    {
        Check.Rank(Op, x, 4, "[B, L, N, D]");
        Check.Activation(Op, x);
        Check.That(x.Shape[3] % 2 == 0, Op, $"the width of a head must be even, got x {x.Shape}.");
        Check.That(grid.Frames >= 0 && grid.Height >= 0 && grid.Width >= 0 && grid.StartFrame >= 0, Op, $"positions must not be negative, got {grid}.");
        long tokens = (long)grid.Frames * grid.Height * grid.Width;
        Check.That(tokens <= x.Shape[1], Op, $"the grid has {tokens} positions, but x {x.Shape} has only {x.Shape[1]} tokens.");
        Tensor y = pass.New(x.Shape, x.DType);
        pass.Record(y, [x], [], (back, dy) => [Backward(back, dy, grid)]);
        Rotate(pass, x, y, grid, direction: 1);
        return y;
    }

    private static void Rotate(Pass pass, Tensor x, Tensor y, RopeGrid grid, int direction)
    {
        if (pass.Device is CudaDevice cuda)
        {
            using Scope scope = pass.BeginScope();
            RopeTable.Rotate(pass, cuda, x, y, grid, direction);
            return;
        }

        ForwardCpu(Check.Cpu(Op, pass.Device), x, y, grid, direction);
    }

    // The transpose of a rotation is the rotation back.
    private static Tensor Backward(Pass pass, Tensor dy, RopeGrid grid)
    {
        Tensor dx = pass.New(dy.Shape, dy.DType);
        Rotate(pass, dy, dx, grid, direction: -1);
        return dx;
    }

    private static void ForwardCpu(CpuDevice cpu, Tensor x, Tensor y, RopeGrid grid, int direction)
    {
        (int tokens, int heads, int width) = (x.Shape[1], x.Shape[2], x.Shape[3]);
        int plane = 2 * (width / 6);
        int time = width - (2 * plane);
        (float[] Cos, float[] Sin) frames = Table(grid.StartFrame, grid.Frames, time, direction);
        (float[] Cos, float[] Sin) rows = Table(0, grid.Height, plane, direction);
        (float[] Cos, float[] Sin) columns = Table(0, grid.Width, plane, direction);
        (Elements source, Elements target) = (new(x), new(y));
        int length = heads * width;
        Chunks.Rows(cpu, (long)x.Shape[0] * tokens, length, 2 * (length + width), (first, count, scratch) =>
        {
            Span<float> cos = scratch[..width];
            Span<float> sin = scratch.Slice(width, width);
            for (long row = first; row < first + count; row++)
            {
                int token = (int)(row % tokens);
                ReadOnlySpan<float> values = source.Read(row * length, length, scratch[(2 * width)..]);
                Span<float> result = target.Target(row * length, length, scratch[((2 * width) + length)..]);
                if (token >= grid.Tokens)
                {
                    values.CopyTo(result);
                }
                else
                {
                    (int frame, int place) = (token / grid.TokensPerFrame, token % grid.TokensPerFrame);
                    (int h, int w) = (place / grid.Width, place % grid.Width);
                    Join(cos, frames.Cos, frame * time, rows.Cos, h * plane, columns.Cos, w * plane, time, plane);
                    Join(sin, frames.Sin, frame * time, rows.Sin, h * plane, columns.Sin, w * plane, time, plane);
                    Rotate(values, result, cos, sin);
                }

                target.Commit(row * length, result);
            }
        });
    }

    // Row p holds cos(p w_i) twice for each pair, and -sin(p w_i), sin(p w_i); with direction -1 the opposite angles.
    private static (float[] Cos, float[] Sin) Table(long start, int positions, int width, int direction)
    {
        var cos = new float[positions * width];
        var sin = new float[positions * width];
        for (int i = 0; i < width; i += 2)
        {
            double frequency = Math.Pow(Theta, -(double)i / width);
            for (int p = 0; p < positions; p++)
            {
                (double s, double c) = Math.SinCos(direction * (start + p) * frequency);
                int at = (p * width) + i;
                (cos[at], cos[at + 1]) = ((float)c, (float)c);
                (sin[at], sin[at + 1]) = ((float)-s, (float)s);
            }
        }

        return (cos, sin);
    }

    private static void Join(Span<float> row, float[] t, int tAt, float[] h, int hAt, float[] w, int wAt, int time, int plane)
    {
        t.AsSpan(tAt, time).CopyTo(row);
        h.AsSpan(hAt, plane).CopyTo(row[time..]);
        w.AsSpan(wAt, plane).CopyTo(row[(time + plane)..]);
    }

    // y_a = a cos - b sin, y_b = b cos + a sin: with the pair swapped, one product and sum for both.
    private static void Rotate(ReadOnlySpan<float> x, Span<float> y, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        for (int head = 0; head < x.Length; head += cos.Length)
        {
            ReadOnlySpan<float> source = x.Slice(head, cos.Length);
            Span<float> target = y.Slice(head, cos.Length);
            for (int i = 0; i < cos.Length; i += Lanes.Width)
            {
                Vector<float> pairs = Lanes.Load(source, i);
                Vector<ulong> words = Vector.AsVectorUInt64(pairs);
                Vector<float> swapped = Vector.AsVectorSingle(Vector.ShiftLeft(words, 32) | Vector.ShiftRightLogical(words, 32));
                Lanes.Store((pairs * Lanes.Load(cos, i)) + (swapped * Lanes.Load(sin, i)), target, i);
            }
        }
    }
}
