using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RewardForcing.Native.Ops;

/// <summary>Loads and stores of SIMD lanes that may run past the end of a span: missing lanes are zero and are not stored, so a tail is computed like the rest.</summary>
internal static class Lanes
{
    /// <summary>Lanes of one vector.</summary>
    public static int Width => Vector<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Load(ReadOnlySpan<float> values, int at) => at <= values.Length - Vector<float>.Count
        ? Vector.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at)
        : LoadTail(values, at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<float> lanes, Span<float> values, int at)
    {
        if (at <= values.Length - Vector<float>.Count)
        {
            lanes.StoreUnsafe(ref MemoryMarshal.GetReference(values), (nuint)at);
        }
        else
        {
            StoreTail(lanes, values, at);
        }
    }

    /// <summary>Sum of all elements, in double, always in the same order.</summary>
    public static double Sum(ReadOnlySpan<float> values)
    {
        (Vector<double> even, Vector<double> odd) = (Vector<double>.Zero, Vector<double>.Zero);
        for (int i = 0; i < values.Length; i += Width)
        {
            Vector.Widen(Load(values, i), out Vector<double> low, out Vector<double> high);
            even += low;
            odd += high;
        }

        return Vector.Sum(even + odd);
    }

    /// <summary>Sum of <c>(v - origin)²</c>, in double, always in the same order.</summary>
    public static double SumOfSquares(ReadOnlySpan<float> values, double origin = 0)
    {
        Vector<double> shift = new(origin);
        (Vector<double> even, Vector<double> odd) = (Vector<double>.Zero, Vector<double>.Zero);
        int whole = values.Length - (values.Length % Width);
        for (int i = 0; i < whole; i += Width)
        {
            Vector.Widen(Load(values, i), out Vector<double> low, out Vector<double> high);
            low -= shift;
            high -= shift;
            even += low * low;
            odd += high * high;
        }

        // The missing lanes of a tail would count as (0 - origin)².
        double sum = Vector.Sum(even + odd);
        for (int i = whole; i < values.Length; i++)
        {
            double distance = values[i] - origin;
            sum += distance * distance;
        }

        return sum;
    }

    /// <summary>Sum of <c>a·b</c>, in double, always in the same order.</summary>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        (Vector<double> even, Vector<double> odd) = (Vector<double>.Zero, Vector<double>.Zero);
        for (int i = 0; i < a.Length; i += Width)
        {
            Vector.Widen(Load(a, i), out Vector<double> lowA, out Vector<double> highA);
            Vector.Widen(Load(b, i), out Vector<double> lowB, out Vector<double> highB);
            even += lowA * lowB;
            odd += highA * highB;
        }

        return Vector.Sum(even + odd);
    }

    /// <summary>Adds <c>a</c> to <c>sum</c>.</summary>
    public static void Add(Span<float> sum, ReadOnlySpan<float> a)
    {
        for (int i = 0; i < sum.Length; i += Width)
        {
            Store(Load(sum, i) + Load(a, i), sum, i);
        }
    }

    /// <summary>Adds <c>a·b</c> to <c>sum</c>.</summary>
    public static void AddProduct(Span<float> sum, ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        for (int i = 0; i < sum.Length; i += Width)
        {
            Store(Load(sum, i) + (Load(a, i) * Load(b, i)), sum, i);
        }
    }

    private static Vector<float> LoadTail(ReadOnlySpan<float> values, int at)
    {
        Span<float> padded = stackalloc float[Vector<float>.Count];
        padded.Clear();
        values[at..].CopyTo(padded);
        return new Vector<float>(padded);
    }

    private static void StoreTail(Vector<float> lanes, Span<float> values, int at)
    {
        Span<float> padded = stackalloc float[Vector<float>.Count];
        lanes.CopyTo(padded);
        padded[..(values.Length - at)].CopyTo(values[at..]);
    }
}
