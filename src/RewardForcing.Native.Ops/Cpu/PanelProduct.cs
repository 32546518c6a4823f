using System.Numerics;
using System.Runtime.Intrinsics;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The product behind linear maps and convolutions: <c>y[r, n] = activation(sum_t sum_k x(r, t)[k] * w[n, k, t] + bias[n])</c>.</summary>
/// <remarks>
/// Work is cut into items of some columns times some rows. An item packs its columns of the weight into panels, block by block of the depth, and
/// takes tiles of rows through all its panels while a tile is in the first-level cache. After Goto and van de Geijn 2008, with the
/// left operand read in place.
/// </remarks>
internal sealed unsafe class PanelProduct
{
    // Terms of a block of the depth: 8 rows of them fill half of a first-level cache.
    private const int LargestDepth = 768;

    private readonly CpuDevice _cpu;
    private readonly ProductPlan _plan;
    private readonly DepthBlock[] _blocks;
    private readonly int _deepest;
    private readonly int _tileRows;
    private readonly int _panelWidth;

    private PanelProduct(CpuDevice cpu, long rows, int columns, int taps, int channels, int tileRows, int panelWidth)
    {
        _cpu = cpu;
        (_tileRows, _panelWidth) = (tileRows, panelWidth);
        _blocks = DepthBlock.Cut(taps, channels, LargestDepth);
        _deepest = _blocks.Max(static block => block.Depth);
        _plan = ProductPlan.For(rows, columns, (long)taps * channels, _deepest, tileRows, panelWidth, cpu.Workers.Threads);
    }

    /// <summary>Computes the product.</summary>
    /// <param name="cpu">Whose threads share the work.</param>
    /// <param name="path">The kernels to use.</param>
    /// <param name="x">Where the rows are.</param>
    /// <param name="inputType">Their element type.</param>
    /// <param name="taps">Taps of a row.</param>
    /// <param name="channels">Elements of a row for one tap.</param>
    /// <param name="weight">Right operand, <c>[N, channels, taps]</c>.</param>
    /// <param name="finish">What happens to the sums.</param>
    public static void Run<TRows>(CpuDevice cpu, SimdPath path, TRows x, DType inputType, int taps, int channels, Tensor weight, ProductFinish finish)
        where TRows : struct, IRowSource
    {
        var filter = new Filter(weight, finish.Columns, channels, taps);
        switch (path)
        {
            case SimdPath.Avx512:
                Run<WideTile<Simd512, Vector512<float>>, TRows>(cpu, x, inputType, taps, channels, filter, finish);
                break;
            case SimdPath.Avx2:
                Run<NarrowTile<Simd256, Vector256<float>>, TRows>(cpu, x, inputType, taps, channels, filter, finish);
                break;
            case SimdPath.PortableWide:
                Run<WideTile<SimdPortable, Vector<float>>, TRows>(cpu, x, inputType, taps, channels, filter, finish);
                break;
            case SimdPath.Portable:
                Run<NarrowTile<SimdPortable, Vector<float>>, TRows>(cpu, x, inputType, taps, channels, filter, finish);
                break;
            default:
                Run<NarrowTile<SimdScalar, float>, TRows>(cpu, x, inputType, taps, channels, filter, finish);
                break;
        }
    }

    private static void Run<TTile, TRows>(CpuDevice cpu, TRows x, DType inputType, int taps, int channels, Filter filter, ProductFinish finish)
        where TTile : struct, ITile
        where TRows : struct, IRowSource
    {
        var product = new PanelProduct(cpu, finish.Rows, finish.Columns, taps, channels, TTile.Rows, TTile.Columns);
        ProductPlan plan = product._plan;
        if (plan.IsSmall)
        {
            for (int item = 0; item < plan.Items; item++)
            {
                product.Compute<TTile, TRows>(plan.Part(item), x, inputType, filter, finish);
            }
        }
        else
        {
            cpu.Workers.For(plan.Items, item => product.Compute<TTile, TRows>(plan.Part(item), x, inputType, filter, finish));
        }
    }

    private void Compute<TTile, TRows>(ProductPart part, TRows x, DType inputType, Filter filter, ProductFinish finish)
        where TTile : struct, ITile
        where TRows : struct, IRowSource
    {
        int width = part.Panels * _panelWidth;
        int tiles = (part.Rows + _tileRows - 1) / _tileRows;

        // With one block a tile is finished as soon as it is computed, and its sums never leave the first-level cache.
        int keptRows = _blocks.Length == 1 ? _tileRows : tiles * _tileRows;
        int mostTaps = _blocks.Max(static block => block.Taps);
        bool widens = inputType != DType.F32;
        using ScratchMemory memory = new(_cpu, Bytes(part.Panels, keptRows, mostTaps, widens, finish.ScratchFloats(width)));
        float* packed = memory.Take<float>((long)part.Panels * _deepest * _panelWidth);
        float* sums = memory.Take<float>((long)keptRows * width);
        float* packing = memory.Take<float>(Filter.ScratchFloats);
        float* finishing = memory.Take<float>(finish.ScratchFloats(width));
        nint* rows = memory.Take<nint>(mostTaps * _tileRows);
        float* widened = widens ? memory.Take<float>((long)_deepest * _tileRows) : null;

        finish.Begin(part.FirstPanel * _panelWidth, width, finishing);
        foreach (DepthBlock block in _blocks)
        {
            bool first = block == _blocks[0], last = block == _blocks[^1];
            long panelSize = (long)block.Depth * _panelWidth;
            for (int panel = 0; panel < part.Panels; panel++)
            {
                filter.Pack(block, (part.FirstPanel + panel) * _panelWidth, _panelWidth, packed + (panel * panelSize), packing);
            }

            for (int tile = 0; tile < tiles; tile++)
            {
                long row = part.FirstRow + ((long)tile * _tileRows);
                int count = Math.Min(_tileRows, part.Rows - (tile * _tileRows));
                x.Point(row, count, block.FirstTap, block.Taps, rows, _tileRows);
                Enter(rows, block, inputType, widened);
                float* tileSums = _blocks.Length == 1 ? sums : sums + ((long)tile * _tileRows * width);
                for (int panel = 0; panel < part.Panels; panel++)
                {
                    TTile.Multiply(block.Taps, (float**)rows, block.Channels, 1, packed + (panel * panelSize), tileSums + (panel * _panelWidth), width, !first);
                }

                if (last)
                {
                    finish.Store(row, count, part.FirstPanel * _panelWidth, width, tileSums, finishing);
                }
            }
        }
    }

    // Moves the addresses to the first channel of the block, and to widened copies where the input holds no floats.
    private void Enter(nint* rows, DepthBlock block, DType inputType, float* widened)
    {
        int count = block.Taps * _tileRows;
        nint offset = block.FirstChannel * inputType.Size();
        for (int i = 0; i < count; i++)
        {
            rows[i] += offset;
        }

        if (inputType == DType.BF16)
        {
            for (int i = 0; i < count; i++)
            {
                float* copy = widened + ((long)i * block.Channels);
                Rounding.Widen(new ReadOnlySpan<BFloat16>((void*)rows[i], block.Channels), new Span<float>(copy, block.Channels));
                rows[i] = (nint)copy;
            }
        }
    }

    private long Bytes(int panels, int keptRows, int mostTaps, bool widens, int finishing) =>
        ScratchMemory.SizeOf<float>((long)panels * _deepest * _panelWidth)
        + ScratchMemory.SizeOf<float>((long)keptRows * panels * _panelWidth)
        + ScratchMemory.SizeOf<float>(Filter.ScratchFloats)
        + ScratchMemory.SizeOf<float>(finishing)
        + ScratchMemory.SizeOf<nint>(mostTaps * _tileRows)
        + (widens ? ScratchMemory.SizeOf<float>((long)_deepest * _tileRows) : 0);
}
