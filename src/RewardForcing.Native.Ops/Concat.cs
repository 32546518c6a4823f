using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Joins tensors.</summary>
public static class Concat
{
    private const string Op = "concat";

    /// <summary>Joins along one dimension.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="dimension">The dimension that grows.</param>
    /// <param name="parts">At least one tensor; all of one type and, but for <paramref name="dimension"/>, of one shape.</param>
    /// <exception cref="ArgumentException">The parts do not fit together.</exception>
    public static Tensor Forward(Pass pass, int dimension, params ReadOnlySpan<Tensor> parts)
    {
        Check.That(!parts.IsEmpty, Op, "there must be at least one part, got none.");
        Tensor model = parts[0];
        Check.That(
            dimension >= 0 && dimension < model.Shape.Rank, Op, $"dimension must be one of the {model.Shape.Rank} dimensions of the first part {model.Shape}, got {dimension}.");
        int extent = 0;
        foreach (Tensor part in parts)
        {
            bool fits = part.Shape.Rank == model.Shape.Rank && part.Shape.With(dimension, 0) == model.Shape.With(dimension, 0);
            Check.That(fits, Op, $"parts must have the shape of the first one {model.Shape} but for dimension {dimension}, got {part.Shape}.");
            Check.That(part.DType == model.DType, Op, $"parts must be {model.DType} as the first one, got {part.DType}.");
            extent = checked(extent + part.Shape[dimension]);
        }

        Tensor y = pass.New(model.Shape.With(dimension, extent), model.DType);
        long entry = EntryBytes(y, dimension);
        long runs = y.Count == 0 ? 0 : y.Bytes / (extent * entry);
        long at = 0;
        foreach (Tensor part in parts)
        {
            long length = part.Shape[dimension] * entry;
            RunCopy.Run(Op, part, 0, length, y, at, extent * entry, runs, length);
            at += length;
        }

        if (pass.IsTraining)
        {
            Tensor[] inputs = parts.ToArray();
            pass.Record(y, inputs, [], (back, dy) => Backward(back, dy, dimension, inputs));
        }

        return y;
    }

    // Every part takes its range of dy.
    private static Tensor?[] Backward(Pass back, Tensor dy, int dimension, Tensor[] parts)
    {
        var grads = new Tensor?[parts.Length];
        int first = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            int extent = parts[i].Shape[dimension];
            grads[i] = parts[i].NeedsGrad ? Narrow.Forward(back, dy, dimension, first, extent) : null;
            first += extent;
        }

        return grads;
    }

    /// <summary>Bytes from one entry of a dimension to the next.</summary>
    internal static long EntryBytes(Tensor x, int dimension)
    {
        long bytes = x.DType.Size();
        for (int d = dimension + 1; d < x.Shape.Rank; d++)
        {
            bytes *= x.Shape[d];
        }

        return bytes;
    }
}
