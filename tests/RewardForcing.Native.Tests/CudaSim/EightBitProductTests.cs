using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.KernelLab.Conformance.Making;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>Products of 8-bit floats as cuBLASLt forms them, alone and in batches: against exact values of the formats.</summary>
public sealed class EightBitProductTests
{
    private const int M = 32, N = 20, K = 48;
    private const float ScaleA = 0.5f, ScaleB = 4, Alpha = 2;

    private readonly Random _random = new(5);

    [Theory]
    [InlineData(BlasElement.Float8E4M3, BlasElement.Float8E4M3, BlasElement.BFloat16, 1, false)]
    [InlineData(BlasElement.Float8E4M3, BlasElement.Float8E4M3, BlasElement.BFloat16, 3, false)]
    [InlineData(BlasElement.Float8E4M3, BlasElement.Float8E4M3, BlasElement.Float32, 3, true)]
    [InlineData(BlasElement.Float8E5M2, BlasElement.Float8E4M3, BlasElement.Float32, 2, true)]
    [InlineData(BlasElement.Float8E4M3, BlasElement.Float8E5M2, BlasElement.Float16, 2, true)]
    [InlineData(BlasElement.Float8E4M3, BlasElement.Float8E4M3, BlasElement.Float8E4M3, 2, true)]
    public void Multiply_Batches_AreTheScaledProducts(BlasElement a, BlasElement b, BlasElement d, int batch, bool sameB)
    {
        using var run = new DriverRun(new SimulatedDriverOptions { Devices = [DeviceProfile.H100], Execution = new SimulationOptions { Checked = true } });
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;

        // Between matrices of a batch lie bytes that belong to none; B may be one matrix for all.
        var left = new BlasMatrix(a, K, M, K + 16, ((K + 16) * M) + 64);
        var right = new BlasMatrix(b, K, N, K, sameB ? 0 : (K * N) + 16);
        var result = new BlasMatrix(d, M, N, M + 16, ((M + 16) * N) + 32);
        BlasElement c = d == BlasElement.Float8E4M3 ? BlasElement.BFloat16 : d;
        byte[] av = Drawn(left, batch), bv = Drawn(right, sameB ? 1 : batch);
        int bytes = Shape(d).Bytes, elements = (int)(((batch - 1) * result.BatchStride) + (result.LeadingDimension * N));
        ulong at = run.Upload(new byte[elements * bytes]);
        BlasProduct product = new(left, right, result with { Element = c }, result) { TransposeA = true, Batch = batch, Scaled = true, BiasElement = BlasElement.BFloat16 };
        Span<BlasAlgorithm> found = stackalloc BlasAlgorithm[1];
        BlasStatus status = blas.Propose(product, new BlasAlignment(16, 16, 16, 16), 0, found, out _);
        Assert.True(status == BlasStatus.Success, run.Driver.LastDetail);
        BlasOperands operands = new(run.Upload(av), run.Upload(bv), at, at) { Alpha = Alpha, ScaleA = run.Upload(ScaleA), ScaleB = run.Upload(ScaleB) };
        status = blas.Multiply(product, found[0], operands, run.Stream);
        Assert.True(status == BlasStatus.Success, run.Driver.LastDetail);
        byte[] got = run.Download<byte>(at, elements * bytes);
        for (int i = 0; i < batch * M * N; i++)
        {
            (int s, int row, int column) = (i / (M * N), i % M, i / M % N);
            double want = Alpha * ScaleA * ScaleB * Enumerable.Range(0, K).Sum(k =>
                Value(a, av[(s * left.BatchStride) + (row * left.LeadingDimension) + k]) * Value(b, bv[(s * right.BatchStride) + (column * right.LeadingDimension) + k]));
            double most = Value(d, Shape(d).Largest), near = Math.Clamp(want, -most, most);
            double value = Value(d, Bits(got, (int)((s * result.BatchStride) + (column * result.LeadingDimension) + row), bytes));
            Assert.True(Math.Abs(value - near) <= (Math.Abs(near) * Math.Pow(2, -Shape(d).FractionBits - 1) * 1.01) + 2e-3, $"{s} {row} {column}: {value}, expected {near}");
        }

        Assert.Empty(run.Driver.Findings);
        Assert.Equal(0u, Bits(got, M, bytes)); // what lies between columns stays
    }

    [Fact]
    public void Propose_WhatEightBitsAreNotTakenFor_IsRefusedInWords()
    {
        using var run = new DriverRun(new SimulatedDriverOptions { Devices = [DeviceProfile.H100] });
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        var eight = new BlasMatrix(BlasElement.Float8E4M3, 32, 32, 32, 1024);
        BlasMatrix half = eight with { Element = BlasElement.BFloat16 }, wide = eight with { Element = BlasElement.Float8E5M2 };
        BlasProduct good = new(eight, eight, half, half) { TransposeA = true, Batch = 2, Scaled = true };
        Assert.Equal(string.Empty, Why(good));
        Assert.Contains("need A transposed", Why(good with { TransposeA = false }), StringComparison.Ordinal);
        Assert.Contains("are not multiplied with each other", Why(good with { A = wide, B = wide }), StringComparison.Ordinal);
        Assert.Contains("are not stored as Float8E5M2", Why(good with { D = wide }), StringComparison.Ordinal);
        Assert.Contains("the same matrix", Why(good with { D = half with { BatchStride = 0 }, C = half with { BatchStride = 0 } }), StringComparison.Ordinal);
        Assert.Contains("is not a multiple of 16", Why(good with { B = eight with { LeadingDimension = 40 } }), StringComparison.Ordinal);

        string Why(BlasProduct product)
        {
            Span<BlasAlgorithm> found = stackalloc BlasAlgorithm[1];
            return blas.Propose(product, new BlasAlignment(16, 16, 16, 16), 0, found, out _) == BlasStatus.Success ? string.Empty : run.Driver.LastDetail!;
        }
    }

    private static FloatShape Shape(BlasElement element) => element switch
    {
        BlasElement.Float32 => FloatShape.F32,
        BlasElement.BFloat16 => FloatShape.BF16,
        BlasElement.Float16 => FloatShape.F16,
        BlasElement.Float8E4M3 => FloatShape.E4M3,
        _ => FloatShape.E5M2,
    };

    private static double Value(BlasElement element, ulong bits) => BitConverter.UInt64BitsToDouble(FloatShape.F64.Encode(Shape(element).Decode(bits)));

    private static ulong Bits(byte[] memory, int index, int bytes) => Enumerable.Range(0, bytes).Aggregate(0UL, (bits, i) => bits | ((ulong)memory[(index * bytes) + i] << (8 * i)));

    private byte[] Drawn(BlasMatrix matrix, int batch)
    {
        byte[] bytes = new byte[((batch - 1) * matrix.BatchStride) + (matrix.LeadingDimension * matrix.Columns)];
        return [.. bytes.Select(_ => (byte)Shape(matrix.Element).Encode(ExactNumber.Of((_random.NextDouble() * 4) - 2)))];
    }
}
