using System.Runtime.Intrinsics;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The gradient of a filter, computed with one kind of tile.</summary>
/// <remarks>
/// A product whose depth are the rows of the result. Its columns are (tap, channel), channels fastest, so that a panel is filled by copying
/// runs of channels and no filter is too small for it; a column of ones gives the gradient of the bias. The left operand, the gradient of
/// the result, is read in place down its columns. Items are a panel times a part of the rows; the parts depend on the sizes alone and are
/// added up in order.
/// </remarks>
internal sealed unsafe class TiledFilterGradient<TTile, TRows>
    where TTile : struct, ITile
    where TRows : struct, IRowSource
{
    // Rows multiplied at once: with few outputs a panel of them fits the first-level cache, with many their gradient the second.
    private const int MostRows = 256;
    private const int FewestRows = 32;
    private const int BlockFloats = 1 << 16;

    // Items enough for the threads of a large machine.
    private const int WantedItems = 64;

    // Multiply-adds that are not worth waking a thread.
    private const long Small = 1 << 20;

    private readonly CpuDevice _cpu;
    private readonly TRows _x;
    private readonly DType _inputType;
    private readonly int _channels;
    private readonly int _weightColumns;
    private readonly Elements _dy;
    private readonly nint _dyAddress;
    private readonly bool _dyIsFloat;
    private readonly long _rows;
    private readonly int _outputs;
    private readonly int _columns;
    private readonly int _panels;
    private readonly int _blockRows;
    private readonly long _blocks;
    private readonly int _parts;

    public TiledFilterGradient(CpuDevice cpu, TRows x, DType inputType, int channels, int taps, Tensor dy, bool hasBias)
    {
        (_cpu, _x, _inputType, _channels) = (cpu, x, inputType, channels);
        (_dy, _dyAddress, _dyIsFloat) = (new Elements(dy), dy.Address, dy.DType == DType.F32);
        (_rows, _outputs) = (dy.Shape.Rows, dy.Shape[^1]);
        _weightColumns = checked(taps * channels);
        _columns = _weightColumns + (hasBias ? 1 : 0);
        _panels = (_columns + TTile.Columns - 1) / TTile.Columns;
        _blockRows = Math.Clamp(BlockFloats / _outputs, FewestRows, MostRows);
        _blocks = (_rows + _blockRows - 1) / _blockRows;
        _parts = (int)Math.Clamp((WantedItems + _panels - 1) / _panels, 1, _blocks);
    }

    private int SumRows => (_outputs + TTile.Rows - 1) / TTile.Rows * TTile.Rows;

    /// <summary>Computes the gradient.</summary>
    public void Run(Tensor dweight, Tensor? dbias)
    {
        using ScratchMemory memory = new(_cpu, ScratchMemory.SizeOf<float>((long)_parts * _outputs * _columns));
        float* partial = memory.Take<float>((long)_parts * _outputs * _columns);
        nint weight = dweight.Address, bias = dbias?.Address ?? 0;
        For(_panels * _parts, item => Compute(item % _panels, item / _panels, partial));
        For(_outputs, output => Finish(output, partial, (float*)weight, (float*)bias));
    }

    private void For(int items, Action<int> body)
    {
        if (_rows * _outputs * _columns >= Small)
        {
            _cpu.Workers.For(items, body);
            return;
        }

        for (int item = 0; item < items; item++)
        {
            body(item);
        }
    }

    // All outputs times one panel of columns, over one part of the rows.
    private void Compute(int panel, int part, float* partial)
    {
        long widened = _dyIsFloat ? 0 : (long)_blockRows * _outputs;
        long sumFloats = (long)SumRows * TTile.Columns, panelFloats = (long)_blockRows * TTile.Columns;
        using ScratchMemory memory = new(
            _cpu, ScratchMemory.SizeOf<float>(widened) + ScratchMemory.SizeOf<float>(sumFloats) + ScratchMemory.SizeOf<float>(panelFloats) + ScratchMemory.SizeOf<nint>(_blockRows));
        float* narrow = memory.Take<float>(widened), sums = memory.Take<float>(sumFloats), packed = memory.Take<float>(panelFloats);
        nint* addresses = memory.Take<nint>(_blockRows);
        float** rows = stackalloc float*[TTile.Rows];
        long end = _blocks * (part + 1) / _parts;
        bool begun = false;
        for (long block = _blocks * part / _parts; block < end; block++, begun = true)
        {
            long first = block * _blockRows;
            int count = (int)Math.Min(_blockRows, _rows - first);
            Pack(panel * TTile.Columns, first, count, packed, addresses);
            float* dy = Gradient(first, count, narrow);
            for (int output = 0; output < _outputs; output += TTile.Rows)
            {
                for (int i = 0; i < TTile.Rows; i++)
                {
                    rows[i] = dy + Math.Min(output + i, _outputs - 1);
                }

                float* target = sums + ((nint)output * TTile.Columns);
                TTile.Multiply(1, rows, count, _outputs, packed, target, TTile.Columns, begun ? target : null, TTile.Columns, 0);
            }
        }

        int width = Math.Min(TTile.Columns, _columns - (panel * TTile.Columns));
        for (int output = 0; output < _outputs; output++)
        {
            float* target = partial + ((((long)part * _outputs) + output) * _columns) + (panel * TTile.Columns);
            new Span<float>(sums + ((nint)output * TTile.Columns), width).CopyTo(new Span<float>(target, width));
        }
    }

    // Floats of some rows of the gradient: in place where they are floats.
    private float* Gradient(long first, int count, float* narrow)
    {
        if (_dyIsFloat)
        {
            return (float*)_dyAddress + (first * _outputs);
        }

        _dy.Widen(first * _outputs, new Span<float>(narrow, count * _outputs));
        return narrow;
    }

    // Fills panel[r, j] with column firstColumn + j of row first + r; columns that do not exist become zero.
    private void Pack(int firstColumn, long first, int count, float* panel, nint* addresses)
    {
        for (int column = 0; column < TTile.Columns;)
        {
            int at = firstColumn + column;
            if (at >= _weightColumns)
            {
                float value = at == _weightColumns && at < _columns ? 1 : 0;
                for (int row = 0; row < count; row++)
                {
                    panel[(row * TTile.Columns) + column] = value;
                }

                column++;
                continue;
            }

            (int tap, int channel) = Math.DivRem(at, _channels);
            int run = Math.Min(_channels - channel, TTile.Columns - column);
            _x.Point(first, count, tap, 1, addresses, count);
            Copy(addresses, count, channel, run, panel + column);
            column += run;
        }
    }

    private void Copy(nint* addresses, int count, int channel, int run, float* target)
    {
        if (_inputType == DType.F32 && run % Vector512<float>.Count == 0)
        {
            // Runs of a few channels are too short to be worth a call each.
            for (int row = 0; row < count; row++, target += TTile.Columns)
            {
                float* source = (float*)addresses[row] + channel;
                for (int i = 0; i < run; i += Vector512<float>.Count)
                {
                    Vector512.Load(source + i).Store(target + i);
                }
            }

            return;
        }

        for (int row = 0; row < count; row++, target += TTile.Columns)
        {
            Span<float> values = new(target, run);
            if (_inputType == DType.F32)
            {
                new ReadOnlySpan<float>((float*)addresses[row] + channel, run).CopyTo(values);
            }
            else
            {
                Rounding.Widen(new ReadOnlySpan<BFloat16>((BFloat16*)addresses[row] + channel, run), values);
            }
        }
    }

    // Adds up the parts of one output and puts its taps behind each other as a filter has them.
    private void Finish(int output, float* partial, float* dweight, float* dbias)
    {
        Span<float> total = new(partial + ((long)output * _columns), _columns);
        for (int part = 1; part < _parts; part++)
        {
            Span<float> more = new(partial + ((((long)part * _outputs) + output) * _columns), _columns);
            for (int i = 0; i < total.Length; i += Lanes.Width)
            {
                Lanes.Store(Lanes.Load(total, i) + Lanes.Load(more, i), total, i);
            }
        }

        int taps = _weightColumns / _channels;
        float* target = dweight + ((long)output * _weightColumns);
        for (int tap = 0; tap < taps; tap++)
        {
            for (int channel = 0; channel < _channels; channel++)
            {
                target[(channel * taps) + tap] = total[(tap * _channels) + channel];
            }
        }

        if (dbias != null)
        {
            dbias[output] = total[_weightColumns];
        }
    }
}
