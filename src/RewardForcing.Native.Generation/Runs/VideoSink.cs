using System.Globalization;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>Takes the chunks of one sample and writes its video, and if asked for its latents and a contact sheet. Everything is whole at the end, or not there.</summary>
internal sealed class VideoSink : IDisposable
{
    private const int SheetFrames = 12;
    private readonly VideoWriter _video;
    private readonly SafetensorsAppender? _latents;
    private readonly string? _latentFile;
    private readonly string? _sheet;
    private readonly int[] _chosen = [];
    private readonly List<ReadOnlyMemory<byte>> _kept = [];

    /// <summary>Starts the files.</summary>
    /// <param name="output">How the video is stored.</param>
    /// <param name="path">The video.</param>
    /// <param name="fps">Frames per second.</param>
    /// <param name="plan">Frames, latents and size.</param>
    /// <param name="sheet">The contact sheet; null for none.</param>
    /// <param name="latentFile">The file of latents; null for none.</param>
    /// <param name="metadata">What the file of latents says about them.</param>
    public VideoSink(
        VideoOutput output, string path, double fps, SinkPlan plan, string? sheet, string? latentFile, IReadOnlyDictionary<string, string> metadata)
    {
        (Path, _sheet, _latentFile) = (path, sheet, latentFile);
        _chosen = sheet is null ? [] : ContactSheet.Spread(plan.Frames, SheetFrames);
        _video = output.Open(path, plan.Width, plan.Height, fps);
        try
        {
            _latents = latentFile is null ? null : new SafetensorsAppender(latentFile, LatentFile.TensorName, plan.Latents, metadata);
        }
        catch
        {
            _video.Dispose();
            throw;
        }
    }

    /// <summary>The video.</summary>
    public string Path { get; }

    /// <summary>The files beside it.</summary>
    public IEnumerable<string> Extras => new[] { _latentFile, _sheet }.OfType<string>();

    /// <summary>What the user should know about how the video is stored; null for nothing.</summary>
    public string? Notice => _video.Notice;

    /// <summary>The name of a contact sheet.</summary>
    public static string SheetOf(string folder, string name) => System.IO.Path.Combine(folder, name + "-sheet.png");

    /// <summary>The name of a file of latents where several videos share the option.</summary>
    public static string LatentsOf(string file, string name) => System.IO.Path.Combine(
        System.IO.Path.GetDirectoryName(file) ?? "", string.Create(CultureInfo.InvariantCulture, $"{System.IO.Path.GetFileNameWithoutExtension(file)}-{name}{System.IO.Path.GetExtension(file)}"));

    /// <summary>Adds the next frames.</summary>
    public void Append(VideoChunk chunk)
    {
        int size = chunk.Height * chunk.Width * 3;
        foreach (int frame in _chosen.Where(frame => frame >= chunk.FirstFrame && frame < chunk.FirstFrame + chunk.Frames))
        {
            _kept.Add(chunk.Rgb24.Slice((frame - chunk.FirstFrame) * size, size));
        }

        _video.Append(chunk.Rgb24.Span);
        _latents?.Append(chunk.Latents.Values.Span);
    }

    /// <summary>Finishes all files; the video last, because what exists is not made again.</summary>
    public void Complete()
    {
        _latents?.Complete();
        if (_sheet is not null)
        {
            ContactSheet.Write(_sheet, _video.Width, _video.Height, _kept);
        }

        _video.Complete();
    }

    /// <summary>Closes the files; what is not complete is removed.</summary>
    public void Dispose()
    {
        _latents?.Dispose();
        _video.Dispose();
    }
}
