using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>One product, computed with one kind of tile.</summary>
/// <remarks>
/// Work is cut into items of some columns times some rows. An item takes tiles of rows through all its panels of the weight, block by
/// block of the depth, while a tile is in the first-level cache and the panels are in the second. Sums of floats are kept in the result itself.
/// A linear map packs the panels of an item when it gets there; a convolution, whose filter serves many items, packs them all before. After
/// Goto and van de Geijn 2008, with the left operand read in place.
/// </remarks>
internal sealed unsafe class TiledProduct<TTile, TRows>
    where TTile : struct, ITile
    where TRows : struct, IRowSource
{
    // Terms of a block of the depth: 8 rows of them fill half of a first-level cache.
    private const int LargestDepth = 768;

    private readonly CpuDevice _cpu;
    private readonly TRows _x;
    private readonly DType _inputType;
    private readonly Filter _filter;
    private readonly ProductFinish _finish;
    private readonly ProductPlan _plan;
    private readonly DepthBlock[] _blocks;
    private readonly int _deepest;
    private readonly int _mostTaps;
    private float* _shared;

    public TiledProduct(CpuDevice cpu, TRows x, DType inputType, Filter filter, ProductFinish finish)
    {
        (_cpu, _x, _inputType, _filter, _finish) = (cpu, x, inputType, filter, finish);
        _blocks = DepthBlock.Cut(filter.Taps, filter.Channels, LargestDepth);
        foreach (DepthBlock block in _blocks)
        {
            (_deepest, _mostTaps) = (Math.Max(_deepest, block.Depth), Math.Max(_mostTaps, block.Taps));
        }

        _plan = ProductPlan.For(finish.Rows, finish.Columns, filter.Depth, _deepest, TTile.Rows, TTile.Columns, cpu.Workers.Threads, IsShared);
    }

    private bool IsShared => _filter.Taps > 1;

    private long SharedPanel => (long)_filter.Depth * TTile.Columns;

    /// <summary>Computes all rows.</summary>
    public void Run()
    {
        if (!IsShared)
        {
            For(_plan.Items, item => Compute(_plan.Part(item)));
            return;
        }

        using ScratchMemory memory = new(_cpu, ScratchMemory.SizeOf<float>(_plan.Panels * SharedPanel));
        _shared = memory.Take<float>(_plan.Panels * SharedPanel);
        For(_plan.Panels, PackShared);
        For(_plan.Items, item => Compute(_plan.Part(item)));
    }

    private void For(int items, Action<int> body)
    {
        if (!_plan.IsSmall)
        {
            _cpu.Workers.For(items, body);
            return;
        }

        for (int item = 0; item < items; item++)
        {
            body(item);
        }
    }

    private void PackShared(int panel)
    {
        using ScratchMemory memory = new(_cpu, ScratchMemory.SizeOf<float>(Filter.ScratchFloats));
        _filter.PackTaps(panel * TTile.Columns, TTile.Columns, _shared + (panel * SharedPanel), memory.Take<float>(Filter.ScratchFloats));
    }

    private void Compute(ProductPart part)
    {
        int width = part.Panels * TTile.Columns, tiles = (part.Rows + TTile.Rows - 1) / TTile.Rows;
        long packedFloats = IsShared ? 0 : (long)part.Panels * _deepest * TTile.Columns;
        long widenedFloats = _inputType == DType.F32 ? 0 : (long)_deepest * TTile.Rows;

        // Sums of what is rounded need a place of their own. With one block a tile is finished at once and they never leave the first-level cache.
        long sumFloats = _finish.InPlace ? TTile.Rows * TTile.Columns : (long)(_blocks.Length == 1 ? 1 : tiles) * TTile.Rows * width;
        using ScratchMemory memory = new(_cpu, Bytes(packedFloats, widenedFloats, sumFloats, width));
        var work = new ItemMemory(
            memory.Take<float>(packedFloats), memory.Take<float>(Filter.ScratchFloats), memory.Take<float>(widenedFloats), memory.Take<float>(sumFloats),
            memory.Take<float>(width), memory.Take<float>(width), memory.Take<nint>(_mostTaps * TTile.Rows));
        float* bias = _finish.Bias(part.FirstPanel * TTile.Columns, width, work.Bias);
        for (int at = 0; at < _blocks.Length; at++)
        {
            Pack(part, _blocks[at], work);
            for (int tile = 0; tile < tiles; tile++)
            {
                Tile(part, at, tile, work, bias);
            }
        }
    }

    // One tile of rows through all panels of an item, for one block of the depth.
    private void Tile(in ProductPart part, int at, int tile, in ItemMemory work, float* bias)
    {
        DepthBlock block = _blocks[at];
        (int width, int firstColumn) = (part.Panels * TTile.Columns, part.FirstPanel * TTile.Columns);
        (int done, int count) = (tile * TTile.Rows, Math.Min(TTile.Rows, part.Rows - (tile * TTile.Rows)));
        _x.Point(part.FirstRow + done, count, block.FirstTap, block.Taps, work.Rows, TTile.Rows);
        Enter(work, block);

        // Sums of earlier blocks are where the new ones go; the first block starts from the bias.
        nint stride = _finish.InPlace ? _finish.Columns : width, panelFloats = PanelFloats(block), addendStride = at > 0 ? stride : 0;
        float* sums = _finish.InPlace ? _finish.Target(part.FirstRow + done, firstColumn) : work.Sums + (_blocks.Length == 1 ? 0 : done * stride);
        float* panel = Panel(part, block, 0, work), target = sums, addend = at > 0 ? sums : bias;
        int whole = !_finish.InPlace ? part.Panels : count < TTile.Rows ? 0 : Math.Min(part.Panels, (_finish.Columns - firstColumn) / TTile.Columns);
        nint ahead = Ahead(block, done + TTile.Rows < part.Rows, work);
        float** rows = (float**)work.Rows;
        for (int i = 0; i < part.Panels; i++, panel += panelFloats, target += TTile.Columns, addend += addend == null ? 0 : TTile.Columns)
        {
            if (i < whole)
            {
                TTile.Multiply(block.Taps, rows, block.Channels, 1, panel, target, stride, addend, addendStride, ahead);
                ahead = 0;
            }
            else
            {
                Edge(block, work, panel, target, stride, addend, addendStride, count, Math.Min(TTile.Columns, _finish.Columns - firstColumn - (i * TTile.Columns)));
            }
        }

        if (at == _blocks.Length - 1)
        {
            _finish.Complete(part.FirstRow + done, count, firstColumn, width, sums, stride, work.Finishing);
        }
    }

    // The next tile reads the rows after these, where rows are at equal distances.
    private nint Ahead(in DepthBlock block, bool hasNext, in ItemMemory work) =>
        hasNext && block.Taps == 1 && _inputType == DType.F32 ? (work.Rows[1] - work.Rows[0]) * TTile.Rows : 0;

    // Where a panel of an item is packed. Blocks of several taps take all channels, so either way a block is one run of the depth.
    private float* Panel(in ProductPart part, in DepthBlock block, int panel, in ItemMemory work)
    {
        return IsShared
            ? _shared + ((part.FirstPanel + panel) * SharedPanel) + ((((long)block.FirstTap * _filter.Channels) + block.FirstChannel) * TTile.Columns)
            : work.Packed + (panel * PanelFloats(block));
    }

    private nint PanelFloats(in DepthBlock block) => IsShared ? (nint)SharedPanel : block.Depth * TTile.Columns;

    private void Pack(in ProductPart part, in DepthBlock block, in ItemMemory work)
    {
        for (int panel = 0; !IsShared && panel < part.Panels; panel++)
        {
            _filter.PackChannels(
                block.FirstChannel, block.Channels, (part.FirstPanel + panel) * TTile.Columns, TTile.Columns, Panel(part, block, panel, work), work.Packing);
        }
    }

    // Moves the addresses to the first channel of the block, and to widened copies where the input holds no floats.
    private void Enter(in ItemMemory work, in DepthBlock block)
    {
        int count = block.Taps * TTile.Rows;
        nint offset = block.FirstChannel * _inputType.Size();
        for (int i = 0; offset > 0 && i < count; i++)
        {
            work.Rows[i] += offset;
        }

        if (_inputType == DType.BF16)
        {
            for (int i = 0; i < count; i++)
            {
                float* copy = work.Widened + ((long)i * block.Channels);
                Rounding.Widen(new ReadOnlySpan<BFloat16>((void*)work.Rows[i], block.Channels), new Span<float>(copy, block.Channels));
                work.Rows[i] = (nint)copy;
            }
        }
    }

    // A tile that hangs over the edge of the result; the same sums in the same order.
    private void Edge(
        in DepthBlock block, in ItemMemory work, float* panel, float* target, nint stride, float* addend, nint addendStride, int rows, int columns)
    {
        TTile.Multiply(block.Taps, (float**)work.Rows, block.Channels, 1, panel, work.Sums, TTile.Columns, null, 0, 0);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                float sum = work.Sums[(row * TTile.Columns) + column];
                target[(row * stride) + column] = addend == null ? sum : addend[(row * addendStride) + column] + sum;
            }
        }
    }

    private long Bytes(long packed, long widened, long sums, int width) =>
        ScratchMemory.SizeOf<float>(packed)
        + ScratchMemory.SizeOf<float>(Filter.ScratchFloats)
        + ScratchMemory.SizeOf<float>(widened)
        + ScratchMemory.SizeOf<float>(sums)
        + (2 * ScratchMemory.SizeOf<float>(width))
        + ScratchMemory.SizeOf<nint>(_mostTaps * TTile.Rows);

    // Scratch memory of one item.
    private readonly struct ItemMemory(float* packed, float* packing, float* widened, float* sums, float* bias, float* finishing, nint* rows)
    {
        public float* Packed { get; } = packed;

        public float* Packing { get; } = packing;

        public float* Widened { get; } = widened;

        public float* Sums { get; } = sums;

        public float* Bias { get; } = bias;

        public float* Finishing { get; } = finishing;

        public nint* Rows { get; } = rows;
    }
}
