namespace RewardForcing.Native.Formats;

/// <summary>Writes a video frame by frame in bounded memory. Disposed before <see cref="Complete"/>, also while another thread adds frames, it leaves nothing behind.</summary>
public abstract class VideoWriter : IDisposable
{
    private State _state;
    private string _path = string.Empty;

    private protected VideoWriter(int width, int height)
    {
        PngEncoder.CheckSize(width, height);
        (Width, Height) = (width, height);
    }

    private enum State
    {
        Open,
        Failed,
        Completed,
        Disposed,
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Frames written so far.</summary>
    public long Frames { get; private set; }

    /// <summary>What the user should know about how the video is stored, one sentence; null if there is nothing.</summary>
    public virtual string? Notice => null;

    /// <summary>Bytes of a frame.</summary>
    private protected int FrameBytes => Width * Height * 3;

    /// <summary>Starts a video. An older one of that name is replaced when the new one is complete, not before.</summary>
    /// <param name="path">The file, or for <see cref="VideoFormat.Png"/> the folder; the folder above is made if it is missing.</param>
    /// <param name="format">How it is stored.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="fps">Frames per second; stored as a fraction.</param>
    /// <param name="ffmpegPath">The program for <see cref="VideoFormat.Mp4"/>; null looks on <c>PATH</c>.</param>
    /// <exception cref="ArgumentException">A size or rate is out of range.</exception>
    /// <exception cref="IOException">The target cannot be written, or ffmpeg is missing or does not start.</exception>
    public static VideoWriter Open(string path, VideoFormat format, int width, int height, double fps, string? ffmpegPath = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FrameRate rate = FrameRate.From(fps);
        string ffmpeg = format == VideoFormat.Mp4 ? FfmpegFinder.Find(ffmpegPath) ?? throw new FileNotFoundException(FfmpegFinder.Missing) : string.Empty;
        try
        {
            VideoWriter writer = format switch
            {
                VideoFormat.Mp4 => FfmpegWriter.Start(path, width, height, rate, ffmpeg),
                VideoFormat.Apng => new ApngWriter(path, width, height, rate),
                VideoFormat.Png => new PngFolderWriter(path, width, height),
                _ => throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such video format."),
            };
            writer._path = path;
            return writer;
        }
        catch (Exception error) when (WriteFailure.Is(error) && format != VideoFormat.Mp4)
        {
            throw WriteFailure.Of(path, error);
        }
    }

    /// <summary>Adds frames.</summary>
    /// <param name="rgb24">One or more whole frames, each <c>[H, W, 3]</c>, 0 to 255.</param>
    /// <exception cref="ArgumentException">These are not whole frames.</exception>
    /// <exception cref="IOException">They could not be written; nothing more can be added.</exception>
    public void Append(ReadOnlySpan<byte> rgb24)
    {
        RequireOpen();
        if (rgb24.Length == 0 || rgb24.Length % FrameBytes != 0)
        {
            throw new ArgumentException($"rgb24 must be whole frames [{Height}, {Width}, 3] of {FrameBytes:N0} bytes, got {rgb24.Length:N0}.", nameof(rgb24));
        }

        _state = State.Failed;
        try
        {
            for (int start = 0; start < rgb24.Length; start += FrameBytes)
            {
                Add(rgb24.Slice(start, FrameBytes));
                Frames++;
            }
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            throw WriteFailure.Of(_path, error);
        }

        // Disposed from another thread in the meantime, it stays so.
        Interlocked.CompareExchange(ref _state, State.Open, State.Failed);
    }

    /// <summary>Finishes the video and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">There are no frames, or an earlier call failed.</exception>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Complete()
    {
        RequireOpen();
        if (Frames == 0)
        {
            throw new InvalidOperationException("A video needs at least one frame.");
        }

        _state = State.Failed;
        try
        {
            Finish();
        }
        catch (Exception error) when (WriteFailure.Is(error))
        {
            throw WriteFailure.Of(_path, error);
        }

        Interlocked.CompareExchange(ref _state, State.Completed, State.Failed);
    }

    /// <summary>Closes the video; without <see cref="Complete"/> nothing is left of it.</summary>
    public void Dispose()
    {
        State before = Interlocked.Exchange(ref _state, State.Disposed);
        if (before != State.Disposed)
        {
            Close(before == State.Completed);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Adds one frame.</summary>
    private protected abstract void Add(ReadOnlySpan<byte> frame);

    /// <summary>Makes the video whole under its name.</summary>
    private protected abstract void Finish();

    /// <summary>Lets go of everything, and removes what is not complete.</summary>
    private protected abstract void Close(bool completed);

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (_state != State.Open)
        {
            throw new InvalidOperationException(_state == State.Completed ? "The video is already complete." : "The video could not be written and cannot be continued.");
        }
    }
}
