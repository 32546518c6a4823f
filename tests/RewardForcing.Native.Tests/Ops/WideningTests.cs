using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Ops;

public sealed class WideningTests
{
    [Fact]
    public void Forward_EveryHalf_WidensExactly()
    {
        Half[] values = [.. Enumerable.Range(0, 1 << 16).Select(static bits => BitConverter.UInt16BitsToHalf((ushort)bits))];
        Check(values, static value => (float)value);
    }

    [Fact]
    public void Forward_EveryFloat8_WidensExactly()
    {
        Float8E4M3[] values = [.. Enumerable.Range(0, 1 << 8).Select(static bits => Float8E4M3.FromBits((byte)bits))];
        Check(values, static value => value);
    }

    // Every value at every place of a vector, and in a tail: from the start, and with a few values left out in front.
    private static void Check<T>(T[] values, Func<T, float> expected)
        where T : unmanaged
    {
        using CpuDevice device = new(1, checkMemory: true);
        foreach (int skipped in new[] { 0, 1, 5 })
        {
            T[] some = values[skipped..];
            using Pass pass = Pass.Inference(device);
            float[] widened = Cast.Forward(pass, pass.From<T>(new Shape(some.Length), some), DType.F32).ToArray<float>();
            for (int i = 0; i < some.Length; i++)
            {
                float wanted = expected(some[i]);
                bool same = float.IsNaN(wanted) ? float.IsNaN(widened[i]) : BitConverter.SingleToInt32Bits(wanted) == BitConverter.SingleToInt32Bits(widened[i]);
                Assert.True(same, $"value {i} after {skipped} skipped: {widened[i]} instead of {wanted}");
            }
        }
    }
}
