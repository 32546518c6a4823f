using System.Runtime.CompilerServices;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Argument checks that read as a sentence: which op, which argument, what was expected, what came.</summary>
internal static class Check
{
    /// <summary>Requires exactly <paramref name="expected"/>.</summary>
    public static void Shape(string op, Tensor tensor, Shape expected, string why, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        if (tensor.Shape != expected)
        {
            throw new ArgumentException($"{op}: {name} must be {expected} {why}, got {tensor.Shape}.", name);
        }
    }

    /// <summary>Requires a number of dimensions.</summary>
    public static void Rank(string op, Tensor tensor, int rank, string layout, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        if (tensor.Shape.Rank != rank)
        {
            throw new ArgumentException($"{op}: {name} must be {layout}, got {tensor.Shape}.", name);
        }
    }

    /// <summary>Requires at least a number of dimensions.</summary>
    public static void RankAtLeast(string op, Tensor tensor, int rank, string layout, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        if (tensor.Shape.Rank < rank)
        {
            throw new ArgumentException($"{op}: {name} must be {layout}, got {tensor.Shape}.", name);
        }
    }

    /// <summary>Requires the element type of an activation: F32 or BF16.</summary>
    public static void Activation(string op, Tensor tensor, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        if (tensor.DType is not (DType.F32 or DType.BF16))
        {
            throw new ArgumentException($"{op}: {name} must be F32 or BF16, got {tensor.DType}.", name);
        }
    }

    /// <summary>Requires any float element type, as weights may have.</summary>
    public static void Weight(string op, Tensor tensor, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        if (!tensor.DType.IsFloat())
        {
            throw new ArgumentException($"{op}: {name} must be of a float type, got {tensor.DType}.", name);
        }
    }

    /// <summary>Requires two tensors of one element type.</summary>
    public static void SameType(string op, Tensor tensor, Tensor other, [CallerArgumentExpression(nameof(tensor))] string name = "", [CallerArgumentExpression(nameof(other))] string otherName = "")
    {
        if (tensor.DType != other.DType)
        {
            throw new ArgumentException($"{op}: {name} must be {other.DType} as {otherName}, got {tensor.DType}.", name);
        }
    }

    /// <summary>Requires tokens <c>[B, L, C]</c> and rows <c>[B, F, C]</c> that each serve L / F consecutive tokens.</summary>
    public static void FrameRows(string op, Tensor x, Tensor rows, [CallerArgumentExpression(nameof(x))] string xName = "", [CallerArgumentExpression(nameof(rows))] string name = "")
    {
        Rank(op, x, 3, "[B, L, C]", xName);
        Rank(op, rows, 3, "[B, F, C]", name);
        Activation(op, rows, name);
        bool fits = rows.Shape[0] == x.Shape[0] && rows.Shape[2] == x.Shape[2] && (rows.Shape[1] == 0 ? x.Shape[1] == 0 : x.Shape[1] % rows.Shape[1] == 0);
        That(fits, op, $"{name} must be [{x.Shape[0]}, F, {x.Shape[2]}] with F dividing the {x.Shape[1]} tokens of {xName} {x.Shape}, got {rows.Shape}.");
    }

    /// <summary>Requires that the shape of <paramref name="tail"/> is the end of that of <paramref name="whole"/>.</summary>
    public static void Tail(string op, Tensor tail, Tensor whole, [CallerArgumentExpression(nameof(tail))] string name = "", [CallerArgumentExpression(nameof(whole))] string wholeName = "")
    {
        bool fits = tail.Shape.Rank <= whole.Shape.Rank
            && tail.Shape.ToArray().AsSpan().SequenceEqual(whole.Shape.ToArray().AsSpan(whole.Shape.Rank - tail.Shape.Rank));
        That(fits, op, $"{name} must have the last dimensions of {wholeName} {whole.Shape}, got {tail.Shape}.");
    }

    /// <summary>Requires a condition on the arguments.</summary>
    public static void That(bool condition, string op, string sentence)
    {
        if (!condition)
        {
            throw new ArgumentException($"{op}: {sentence}");
        }
    }

    /// <summary>The processor a tensor is on; ops without a CUDA path name themselves when they get a tensor from elsewhere.</summary>
    public static CpuDevice Cpu(string op, Device device) =>
        device as CpuDevice ?? throw new NotSupportedException($"{op}: runs on cpu only so far, got a tensor on {device.Name}.");
}
