using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Judges long videos piece by piece: what stays right, how much still moves, and how like its first frame a video remains.</summary>
/// <param name="frames">Frames of a piece; what fills none at the end is left out.</param>
internal sealed class WindowTable(int frames)
{
    private readonly List<(SceneText Text, Verdict[] Verdicts, double[] Likeness)> _videos = [];

    /// <summary>Adds a video.</summary>
    /// <param name="text">What its prompt says.</param>
    /// <param name="rgb24">Its frames, <c>[F, 64, 64, 3]</c>.</param>
    /// <exception cref="ArgumentException">It is shorter than a piece, or another number of pieces long than those before.</exception>
    public void Add(SceneText text, byte[] rgb24)
    {
        int bytes = frames * SceneMask.FrameBytes, count = rgb24.Length / bytes;
        if (count == 0 || (_videos.Count > 0 && count != _videos[0].Verdicts.Length))
        {
            throw new ArgumentException($"judge: a video has {count} pieces of {frames} frames, expected {(_videos.Count > 0 ? _videos[0].Verdicts.Length : "one or more")}.", nameof(rgb24));
        }

        Verdict[] verdicts = [.. Enumerable.Range(0, count).Select(i => SceneJudge.Look(rgb24.AsSpan(i * bytes, bytes)))];
        double[] likeness = [.. Enumerable.Range(0, count).Select(i => Likeness(rgb24, i * bytes, bytes))];
        _videos.Add((text, verdicts, likeness));
    }

    /// <summary>
    /// Mean over videos of the standard deviation of the fit of the shape over a video's pieces, <c>sqrt(sum (s - mean)² / (M - 1))</c> times 100: the drift of
    /// the paper, with the fit in the place of an imaging quality.
    /// </summary>
    public double Drift => 100 * _videos.Average(static video => Deviation([.. video.Verdicts.Select(static verdict => verdict.Fit)]));

    /// <summary>A row for each piece: share of videos right in shape, colour and direction; pixels a frame; fit; likeness to frame 0.</summary>
    public IReadOnlyList<(double Right, double PixelsPerFrame, double Fit, double Likeness)> Rows =>
    [
        .. Enumerable.Range(0, _videos.Count == 0 ? 0 : _videos[0].Verdicts.Length).Select(i => (
            _videos.Average(video => video.Verdicts[i].Compare(video.Text).First(static part => part.Attribute == Verdict.PromptFollowed).IsRight ? 1.0 : 0),
            _videos.Average(video => video.Verdicts[i].PixelsPerFrame),
            _videos.Average(video => video.Verdicts[i].Fit),
            _videos.Average(video => video.Likeness[i]))),
    ];

    /// <summary>The table for people.</summary>
    public string Text()
    {
        StringBuilder text = new("frames         right   pixels/frame    fit   like frame 0\n");
        foreach ((int i, (double right, double motion, double fit, double likeness)) in Rows.Index())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{i * frames,5} to {((i + 1) * frames) - 1,-5} {100 * right,5:F1} %  {motion,9:F2}  {fit,9:F3}  {likeness,9:F3}");
        }

        return text.Append(CultureInfo.InvariantCulture, $"drift {Drift:F2}, {_videos.Count} videos").ToString();
    }

    /// <summary>The same as JSON.</summary>
    /// <param name="stream">Where to.</param>
    public void WriteJson(Stream stream)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("videos", _videos.Count);
        json.WriteNumber("window", frames);
        json.WriteNumber("drift", Drift);
        json.WriteStartArray("windows");
        foreach ((double right, double motion, double fit, double likeness) in Rows)
        {
            json.WriteStartObject();
            json.WriteNumber(Verdict.PromptFollowed, right);
            json.WriteNumber("pixels_per_frame", motion);
            json.WriteNumber("fit", fit);
            json.WriteNumber("likeness", likeness);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return values.Length < 2 ? 0 : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }

    // Mean correlation of a piece's frames with frame 0, over all pixels and channels.
    private static double Likeness(byte[] rgb24, int from, int bytes)
    {
        double sum = 0;
        for (int at = from; at < from + bytes; at += SceneMask.FrameBytes)
        {
            sum += Correlation(rgb24.AsSpan(0, SceneMask.FrameBytes), rgb24.AsSpan(at, SceneMask.FrameBytes));
        }

        return sum * SceneMask.FrameBytes / bytes;
    }

    private static double Correlation(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        (double meanA, double meanB) = (Mean(a), Mean(b));
        (double ab, double aa, double bb) = (0, 0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            (double da, double db) = (a[i] - meanA, b[i] - meanB);
            (ab, aa, bb) = (ab + (da * db), aa + (da * da), bb + (db * db));
        }

        return ab / Math.Sqrt(Math.Max(1e-9, aa * bb));
    }

    private static double Mean(ReadOnlySpan<byte> values)
    {
        long sum = 0;
        foreach (byte value in values)
        {
            sum += value;
        }

        return sum / (double)values.Length;
    }
}
