using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using RewardForcing.Native.CudaSim.Execution;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>Products against plain loops in double, over what cuBLASLt's documentation says they mean.</summary>
public sealed class SimulatedBlasTests
{
    private readonly Random _random = new(11);

    public static TheoryData<int, int, int, bool, bool, int> Shapes => new()
    {
        { 32, 4, 16, false, false, 1 },
        { 40, 9, 24, true, false, 1 },
        { 33, 70, 50, false, true, 3 },
        { 65, 7, 31, true, true, 2 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Multiply_TransposesLeadingDimensionsAndBatch(int m, int n, int k, bool transposeA, bool transposeB, int batch)
    {
        using DriverRun run = SimulatedDriverTests.Run(false, false);
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        (BlasMatrix a, BlasMatrix b) = (Stored(m, k, transposeA, 3), Stored(k, n, transposeB, 5));
        var d = new BlasMatrix(BlasElement.Float32, m, n, m + 2, (m + 2) * n);
        var product = new BlasProduct(a, b, d, d) { TransposeA = transposeA, TransposeB = transposeB, Batch = batch };
        float[] av = Values(a, batch), bv = Values(b, batch), cv = Values(d, batch);
        ulong at = run.Upload(av), bt = run.Upload(bv), dt = run.Upload(cv);
        Multiply(run, blas, product, new BlasOperands(at, bt, dt, dt) { Alpha = 0.5f, Beta = 2 });
        float[] got = run.Download<float>(dt, cv.Length);
        for (int s = 0; s < batch; s++)
        {
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    double sum = 0;
                    for (int l = 0; l < k; l++)
                    {
                        sum += (double)av[(s * a.BatchStride) + (transposeA ? (i * a.LeadingDimension) + l : (l * a.LeadingDimension) + i)]
                            * bv[(s * b.BatchStride) + (transposeB ? (l * b.LeadingDimension) + j : (j * b.LeadingDimension) + l)];
                    }

                    long at0 = (s * d.BatchStride) + (j * d.LeadingDimension) + i;
                    Assert.Equal((0.5 * sum) + (2 * cv[at0]), got[at0], 1e-4);
                }
            }
        }

        Assert.Equal(cv[m], got[m]); // what lies between columns stays
    }

    [Theory]
    [InlineData(BlasEpilogue.Default)]
    [InlineData(BlasEpilogue.Bias)]
    [InlineData(BlasEpilogue.Gelu)]
    [InlineData(BlasEpilogue.GeluBias)]
    [InlineData(BlasEpilogue.GeluAux)]
    [InlineData(BlasEpilogue.GeluAuxBias)]
    [InlineData(BlasEpilogue.GeluGradient)]
    [InlineData(BlasEpilogue.GeluGradientBiasGradient)]
    [InlineData(BlasEpilogue.BiasGradientA)]
    [InlineData(BlasEpilogue.BiasGradientB)]
    public void Multiply_Epilogues(BlasEpilogue epilogue)
    {
        const int M = 40, N = 12, K = 16;
        using DriverRun run = SimulatedDriverTests.Run(true, false);
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        BlasMatrix a = Stored(M, K, false, 0), b = Stored(K, N, false, 0), d = Stored(M, N, false, 0);
        var product = new BlasProduct(a, b, d, d) { Epilogue = epilogue, BiasElement = BlasElement.Float32 };
        product = product.UsesAux ? product with { AuxLeadingDimension = 48 } : product;
        float[] av = Values(a, 1), bv = Values(b, 1);
        bool readsBias = epilogue is BlasEpilogue.Bias or BlasEpilogue.GeluBias or BlasEpilogue.GeluAuxBias;
        bool readsAux = epilogue is BlasEpilogue.GeluGradient or BlasEpilogue.GeluGradientBiasGradient;
        float[] biasv = [.. Enumerable.Range(0, M).Select(_ => Next())], auxv = [.. Enumerable.Range(0, 48 * N).Select(_ => Next())];
        ulong dt = run.Allocate(4 * M * N), bias = readsBias ? run.Upload(biasv) : run.Allocate(4 * M), aux = readsAux ? run.Upload(auxv) : run.Allocate(4 * 48 * N);
        Multiply(run, blas, product, new BlasOperands(run.Upload(av), run.Upload(bv), dt, dt) { Bias = product.UsesBias ? bias : 0, Aux = product.UsesAux ? aux : 0 });
        double[] sums = [.. Enumerable.Range(0, M * N).Select(at => Enumerable.Range(0, K).Sum(l => (double)av[(l * M) + (at % M)] * bv[(at / M * K) + l]))];
        double[] want = [.. Enumerable.Range(0, M * N).Select(at =>
        {
            double value = sums[at] + (readsBias ? biasv[at % M] : 0);
            return epilogue switch
            {
                BlasEpilogue.Default or BlasEpilogue.Bias or BlasEpilogue.BiasGradientA or BlasEpilogue.BiasGradientB => value,
                _ when readsAux => value * Slope(auxv[(at / M * 48) + (at % M)]),
                _ => Gelu(value),
            };
        })];
        Close(want, run.Download<float>(dt, M * N));
        if (epilogue is BlasEpilogue.GeluAux or BlasEpilogue.GeluAuxBias)
        {
            float[] kept = run.Download<float>(aux, 48 * N);
            Close([.. sums.Select((sum, at) => sum + (readsBias ? biasv[at % M] : 0))], [.. Enumerable.Range(0, M * N).Select(at => kept[(at / M * 48) + (at % M)])]);
        }

        double[]? gradient = epilogue switch
        {
            BlasEpilogue.GeluGradientBiasGradient => [.. Enumerable.Range(0, M).Select(i => Enumerable.Range(0, N).Sum(j => want[(j * M) + i]))],
            BlasEpilogue.BiasGradientA => [.. Enumerable.Range(0, M).Select(i => Enumerable.Range(0, K).Sum(l => (double)av[(l * M) + i]))],
            BlasEpilogue.BiasGradientB => [.. Enumerable.Range(0, N).Select(j => Enumerable.Range(0, K).Sum(l => (double)bv[(j * K) + l]))],
            _ => null,
        };
        if (gradient is not null)
        {
            Close(gradient, run.Download<float>(bias, gradient.Length));
        }

        Assert.Empty(run.Driver.Findings);
    }

    [Theory]
    [InlineData(BlasElement.BFloat16, 8)]
    [InlineData(BlasElement.Float16, 11)]
    public void Multiply_ShortElements_AreRoundedOnce(BlasElement element, int bits)
    {
        using DriverRun run = SimulatedDriverTests.Run(false, false);
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        ushort One(float value) => element == BlasElement.BFloat16 ? (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16) : BitConverter.HalfToUInt16Bits((Half)value);
        var a = new BlasMatrix(element, 48, 1, 48);
        var b = new BlasMatrix(element, 48, 1, 48);
        var d = new BlasMatrix(element, 1, 1, 8);
        ushort[] av = [.. Enumerable.Range(0, 48).Select(_ => One(Next()))], bv = [.. Enumerable.Range(0, 48).Select(_ => One(Next()))];
        float Back(ushort value) => element == BlasElement.BFloat16 ? BitConverter.UInt32BitsToSingle((uint)value << 16) : (float)BitConverter.UInt16BitsToHalf(value);
        ulong dt = run.Allocate(16);
        Multiply(run, blas, new BlasProduct(a, b, d, d) { TransposeA = true, BiasElement = element }, new BlasOperands(run.Upload(av), run.Upload(bv), 0, dt));
        double want = Enumerable.Range(0, 48).Sum(i => (double)Back(av[i]) * Back(bv[i]));
        Assert.Equal(want, Back(run.Download<ushort>(dt, 1)[0]), Math.Abs(want) * Math.Pow(2, -bits) * 1.01);
    }

    [Fact]
    public void Propose_WhatTheLibraryDoesNotTake_IsRefusedInWords()
    {
        using DriverRun run = SimulatedDriverTests.Run(false, false);
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        var a = new BlasMatrix(BlasElement.BFloat16, 16, 20, 20);
        var d = new BlasMatrix(BlasElement.BFloat16, 20, 20, 20);
        var good = new BlasProduct(a, a, d, d) { TransposeA = true };
        good = good with { A = a, B = a };
        Refused(good with { D = d with { Rows = 19 } }, 256, BlasStatus.InvalidValue, "do not fit together");
        Refused(good with { Epilogue = BlasEpilogue.Gelu }, 256, BlasStatus.NotSupported, "The leading dimension 20 of A takes 40 bytes, which is not a multiple of 16.");
        Refused(good with { Compute = BlasCompute.FastTf32 }, 256, BlasStatus.NotSupported, "tf32");
        Refused(good with { Epilogue = BlasEpilogue.Bias, BiasElement = BlasElement.Float32 }, 256, BlasStatus.NotSupported, "The bias of a product of BFloat16 stored as BFloat16 is BFloat16, not Float32.");
        Refused(good with { A = a with { Element = BlasElement.Float16 } }, 256, BlasStatus.NotSupported, "not multiplied");
        Refused(good with { A = a with { Element = BlasElement.Float8E4M3 }, B = a with { Element = BlasElement.Float8E4M3 } }, 256, BlasStatus.NotSupported, "does not multiply 8-bit floats");
        Span<BlasAlgorithm> found = stackalloc BlasAlgorithm[4];
        Assert.Equal(BlasStatus.Success, blas.Propose(good, new BlasAlignment(256, 256, 256, 256), 0, found, out int count));
        Assert.Equal(1, count);
        Assert.Equal(BlasStatus.Success, blas.Propose(good, new BlasAlignment(256, 256, 256, 256), 1 << 24, found, out count));
        Assert.Equal(2, count);
        Assert.True(found[0].WorkspaceBytes > 0 && found[1].WorkspaceBytes == 0);

        void Refused(BlasProduct product, int alignment, BlasStatus expected, string words)
        {
            Span<BlasAlgorithm> algorithms = stackalloc BlasAlgorithm[4];
            Assert.Equal(expected, blas.Propose(product, new BlasAlignment(alignment, alignment, alignment, alignment), 0, algorithms, out int none));
            Assert.Equal(0, none);
            Assert.Contains(words, run.Driver.LastDetail);
        }
    }

    [Fact]
    public void Multiply_OperandOutsideItsBlockOrOverlapping_IsRefused()
    {
        using DriverRun run = SimulatedDriverTests.Run(false, false);
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        var matrix = new BlasMatrix(BlasElement.Float32, 16, 16, 16);
        var product = new BlasProduct(matrix, matrix, matrix, matrix) { BiasElement = BlasElement.Float32 };
        ulong a = run.Upload(new float[256]), b = run.Upload(new float[255]);
        BlasAlgorithm algorithm = Propose(blas, product);
        Assert.Equal(BlasStatus.InvalidValue, blas.Multiply(product, algorithm, new BlasOperands(a, b, a, a), run.Stream));
        Assert.Contains("matrix product [16, 16] x [16, 16]: B: 1024 bytes at", run.Driver.LastDetail);
        Assert.Equal(BlasStatus.InvalidValue, blas.Multiply(product, algorithm, new BlasOperands(a, a, a, a), run.Stream));
        Assert.Contains("D is written and overlaps A", run.Driver.LastDetail);
        Assert.Equal(BlasStatus.InvalidValue, blas.Multiply(product with { Batch = 2 }, algorithm, new BlasOperands(a, a, a, a), run.Stream));
        Assert.Equal("The algorithm was not proposed for this product.", run.Driver.LastDetail);
    }

    [Fact]
    public void Multiply_UnwrittenOperand_IsFoundInCheckedMode()
    {
        using DriverRun run = SimulatedDriverTests.Run(true, false);
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        var matrix = new BlasMatrix(BlasElement.Float32, 4, 4, 4);
        var product = new BlasProduct(matrix, matrix, matrix, matrix) { BiasElement = BlasElement.Float32 };
        ulong d = run.Allocate(64);
        Assert.Equal(BlasStatus.ExecutionFailed, blas.Multiply(product, Propose(blas, product), new BlasOperands(run.Upload(new float[16]), run.Allocate(64), d, d), run.Stream));
        Assert.Contains("reads B, in which nothing was written", run.Driver.LastDetail);
    }

    [Fact]
    public void Multiply_CapturedAndWithWorkspace_ReplaysAndLeavesGarbage()
    {
        using DriverRun run = SimulatedDriverTests.Run(false, false);
        using CudaBlas blas = run.Driver.CreateBlas(out _)!;
        var matrix = new BlasMatrix(BlasElement.Float32, 2, 2, 2);
        var product = new BlasProduct(matrix, matrix, matrix, matrix) { BiasElement = BlasElement.Float32 };
        ulong a = run.Upload(1f, 0f, 0f, 1f), b = run.Upload(1f, 2f, 3f, 4f), d = run.Allocate(16), scratch = run.Upload(new byte[1 << 20]);
        BlasAlgorithm algorithm = Propose(blas, product, 1 << 20);
        run.Ok(run.Driver.BeginCapture(run.Stream));
        Assert.Equal(BlasStatus.Success, blas.Multiply(product, algorithm, new BlasOperands(a, b, d, d) { Workspace = scratch, WorkspaceBytes = 1 << 20 }, run.Stream));
        run.Ok(run.Driver.EndCapture(run.Stream, out nint graph));
        run.Ok(run.Driver.InstantiateGraph(graph, out nint executable));
        run.Ok(run.Driver.LaunchGraph(executable, run.Stream));
        Assert.Equal([1f, 2, 3, 4], run.Download<float>(d, 4));
        Assert.Equal(float.NaN, run.Download<float>(scratch, 1)[0]);
        Assert.Equal(BlasStatus.InvalidValue, blas.Multiply(product, algorithm, new BlasOperands(a, b, d, d), run.Stream));
    }

    private static BlasAlgorithm Propose(CudaBlas blas, BlasProduct product, ulong workspace = 0)
    {
        Span<BlasAlgorithm> found = stackalloc BlasAlgorithm[2];
        int alignment = product.A.LeadingDimension % 4 == 0 && product.B.LeadingDimension % 4 == 0 ? 16 : 4;
        Assert.Equal(BlasStatus.Success, blas.Propose(product, new BlasAlignment(alignment, alignment, alignment, alignment), workspace, found, out int count));
        Assert.True(count > 0);
        return found[0];
    }

    private static void Multiply(DriverRun run, CudaBlas blas, BlasProduct product, BlasOperands operands)
    {
        BlasStatus status = blas.Multiply(product, Propose(blas, product), operands, run.Stream);
        Assert.True(status == BlasStatus.Success, $"{status}: {run.Driver.LastDetail}");
    }

    private static BlasMatrix Stored(int rows, int columns, bool transposed, int more)
    {
        (int r, int c) = transposed ? (columns, rows) : (rows, columns);
        return new BlasMatrix(BlasElement.Float32, r, c, r + more, (long)(r + more) * c);
    }

    private float[] Values(BlasMatrix matrix, int batch) => [.. Enumerable.Range(0, (int)(matrix.LeadingDimension * matrix.Columns * batch)).Select(_ => Next())];

    private float Next() => (float)((2 * _random.NextDouble()) - 1);

    private static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));

    private static double Slope(double x) => (Gelu(x + 1e-5) - Gelu(x - 1e-5)) / 2e-5;

    private static void Close(double[] want, float[] got)
    {
        for (int i = 0; i < want.Length; i++)
        {
            Assert.Equal(want[i], got[i], 2e-5);
        }
    }
}
