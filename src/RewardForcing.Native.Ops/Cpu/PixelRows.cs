namespace RewardForcing.Native.Ops;

/// <summary>The pixels under a filter, tap by tap: the rows of a convolution over channels-last frames. Pixels outside are one shared row of zeros.</summary>
/// <remarks>Frames past the last one are zeros too: the gradient of a convolution looks ahead.</remarks>
internal readonly unsafe struct PixelRows : IRowSource
{
    private readonly ConvolutionShape _shape;
    private readonly nint _frames;
    private readonly nint _history;
    private readonly nint _zeros;
    private readonly nint _pixel;
    private readonly nint _line;
    private readonly nint _frame;

    /// <summary>Describes the rows.</summary>
    /// <param name="shape">Sizes and steps.</param>
    /// <param name="elementBytes">Bytes of one channel.</param>
    /// <param name="frames">The frames, <c>[B, T, H, W, C]</c>.</param>
    /// <param name="history">Frames before them, <c>[B, m, H, W, C]</c>; unused if m is 0.</param>
    /// <param name="zeros">C zeros of the same element type.</param>
    public PixelRows(ConvolutionShape shape, int elementBytes, nint frames, nint history, nint zeros)
    {
        (_shape, _frames, _history, _zeros) = (shape, frames, history, zeros);
        _pixel = (nint)shape.Channels * elementBytes;
        _line = (shape.Width >> shape.Doubling) * _pixel;
        _frame = (shape.Height >> shape.Doubling) * _line;
    }

    public void Point(long firstRow, int rows, int firstTap, int taps, nint* addresses, int stride)
    {
        int column = (int)(firstRow % _shape.OutWidth);
        long line = firstRow / _shape.OutWidth;
        for (int done = 0; done < rows; column = 0, line++)
        {
            int run = Math.Min(rows - done, _shape.OutWidth - column);
            int frame = (int)(line / _shape.OutHeight % _shape.OutFrames);
            long sample = line / _shape.OutHeight / _shape.OutFrames;
            Run(sample, frame, (int)(line % _shape.OutHeight), column, run, firstTap, taps, addresses + done, stride);
            done += run;
        }

        for (int tap = 0; tap < taps; tap++)
        {
            new Span<nint>(addresses + (tap * stride) + rows, stride - rows).Fill(_zeros);
        }
    }

    // Consecutive pixels of one output line, tap by tap.
    private void Run(long sample, int outFrame, int outLine, int outColumn, int count, int firstTap, int taps, nint* addresses, int stride)
    {
        int tapColumn = firstTap % _shape.TapColumns, tapLine = firstTap / _shape.TapColumns % _shape.TapLines;
        int frame = (outFrame * _shape.FrameStride) + (firstTap / _shape.TapColumns / _shape.TapLines) - _shape.PadFrames;
        nint address = Frame(sample, frame);
        for (int tap = 0; tap < taps; tap++, addresses += stride)
        {
            int line = (outLine * _shape.Stride) + tapLine - _shape.Top;
            Pixels(address == 0 || (uint)line >= (uint)_shape.Height ? 0 : address + ((line >> _shape.Doubling) * _line), (outColumn * _shape.Stride) + tapColumn - _shape.Left, count, addresses);
            if (++tapColumn == _shape.TapColumns)
            {
                tapColumn = 0;
                if (++tapLine == _shape.TapLines)
                {
                    tapLine = 0;
                    address = Frame(sample, ++frame);
                }
            }
        }
    }

    // Pixels of one line; 0 stands for a line of zeros.
    private void Pixels(nint line, int column, int count, nint* addresses)
    {
        if (line == 0)
        {
            new Span<nint>(addresses, count).Fill(_zeros);
            return;
        }

        if (_shape.Doubling > 0)
        {
            for (int i = 0; i < count; i++, column += _shape.Stride)
            {
                addresses[i] = (uint)column < (uint)_shape.Width ? line + ((column >> _shape.Doubling) * _pixel) : _zeros;
            }

            return;
        }

        nint pixel = line + (column * _pixel), step = _shape.Stride * _pixel;
        bool inside = column >= 0 && column + ((count - 1) * _shape.Stride) < _shape.Width;
        for (int i = 0; i < count; i++, pixel += step, column += _shape.Stride)
        {
            addresses[i] = inside || (uint)column < (uint)_shape.Width ? pixel : _zeros;
        }
    }

    // 0 for a frame before all history or past the last one.
    private nint Frame(long sample, int frame)
    {
        if (frame >= 0)
        {
            return frame >= _shape.Frames ? 0 : _frames + (nint)(((sample * _shape.Frames) + frame) * _frame);
        }

        frame += _shape.HistoryFrames;
        return frame >= 0 ? _history + (nint)(((sample * _shape.HistoryFrames) + frame) * _frame) : 0;
    }
}
