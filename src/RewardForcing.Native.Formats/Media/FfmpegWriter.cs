namespace RewardForcing.Native.Formats;

/// <summary>Writes MP4 through an ffmpeg process that is fed raw frames by a pipe.</summary>
internal sealed class FfmpegWriter : VideoWriter
{
    // Only what is still buffered has to be encoded when the last frame is in.
    private static readonly TimeSpan _finishLimit = TimeSpan.FromMinutes(10);
    private readonly string _path;
    private readonly PartialFile _file;
    private readonly FfmpegProcess _process;
    private readonly byte[]? _padded;
    private readonly string? _notice;

    private FfmpegWriter(string path, int width, int height, FrameRate rate, string program, FfmpegEncoder encoder)
        : base(width, height)
    {
        _path = path;
        (int evenWidth, int evenHeight) = Even(width, height);
        bool isPadded = evenWidth != width || evenHeight != height;
        _padded = isPadded ? new byte[evenWidth * evenHeight * 3] : null;
        _notice = isPadded ? $"MP4 needs even sizes, so the last column or row is repeated: {evenWidth} x {evenHeight} instead of {width} x {height}." : null;
        _notice = encoder.Notice is null ? _notice : _notice is null ? encoder.Notice : $"{encoder.Notice} {_notice}";

        // Held open all the time, so that the next run can tell a file in use from one that was left behind.
        _file = PartialFile.Create(path, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            _process = FfmpegProcess.Start(program, Arguments(evenWidth, evenHeight, rate, encoder, _file.TemporaryPath));
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public override string? Notice => _notice;

    /// <summary>Starts ffmpeg.</summary>
    public static FfmpegWriter Start(string path, int width, int height, FrameRate rate, string program)
    {
        PngEncoder.CheckSize(width + (width & 1), height + (height & 1));
        (int evenWidth, int evenHeight) = Even(width, height);
        return new FfmpegWriter(path, width, height, rate, program, FfmpegEncoder.Choose(program, evenWidth, evenHeight, rate));
    }

    /// <summary>The command line. Without <c>-xerror</c> a short video that does not fit on the disk ends with exit code 0. Colours go through BT.601, as in the reference's files, and the file says so.</summary>
    internal static string[] Arguments(int width, int height, FrameRate rate, FfmpegEncoder encoder, string target) =>
    [
        "-hide_banner", "-loglevel", "error", "-xerror", "-y",
        "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", $"{width}x{height}", "-framerate", rate.ToString(), "-i", "pipe:0",
        "-an", .. encoder.Options, "-pix_fmt", "yuv420p", "-colorspace", "smpte170m", "-color_range", "tv",
        "-movflags", "+faststart", "-f", "mp4", $"file:{target}",
    ];

    private protected override void Add(ReadOnlySpan<byte> frame)
    {
        try
        {
            _process.Input.Write(_padded is null ? frame : Pad(frame));
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            throw Failure(_process.Finish(TimeSpan.FromSeconds(5)), error);
        }
    }

    private protected override void Finish()
    {
        int? code = _process.Finish(_finishLimit);
        if (code != 0 || new FileInfo(_file.TemporaryPath).Length == 0)
        {
            throw Failure(code, null);
        }

        _file.Commit();
    }

    private protected override void Close(bool completed)
    {
        _process.Dispose();
        _file.Dispose();
    }

    private static (int Width, int Height) Even(int width, int height) => (width + (width & 1), height + (height & 1));

    private IOException Failure(int? code, Exception? inner)
    {
        string end = code switch
        {
            null => "stopped taking frames",
            0 => "ended without a video",
            _ => $"stopped with exit code {code}",
        };
        return new IOException($"{_path}: ffmpeg {end} after {Frames} frames: {_process.LastWords()}.", inner);
    }

    private ReadOnlySpan<byte> Pad(ReadOnlySpan<byte> frame)
    {
        (int width, int height) = Even(Width, Height);
        (int from, int to) = (Width * 3, width * 3);
        Span<byte> padded = _padded;
        for (int row = 0; row < height; row++)
        {
            Span<byte> target = padded.Slice(row * to, to);
            frame.Slice(Math.Min(row, Height - 1) * from, from).CopyTo(target);
            target[(from - 3)..from].CopyTo(target[^3..]);
        }

        return padded;
    }
}
