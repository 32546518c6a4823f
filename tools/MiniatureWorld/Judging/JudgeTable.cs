using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Collects verdicts: how often each attribute is right, and how much moves.</summary>
internal sealed class JudgeTable
{
    private readonly List<(SceneText Text, Verdict Verdict)> _rows = [];
    private readonly List<double> _noise = [];

    /// <summary>Number of videos.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a video.</summary>
    /// <param name="text">What its prompt says.</param>
    /// <param name="verdict">What is seen.</param>
    public void Add(SceneText text, Verdict verdict) => _rows.Add((text, verdict));

    /// <summary>Adds how far a reconstruction is from its original.</summary>
    /// <param name="meanSquare">Mean square difference of bytes.</param>
    public void AddNoise(double meanSquare) => _noise.Add(meanSquare);

    /// <summary>Share of videos of which an attribute is right, in the order of <see cref="Verdict.Compare"/>.</summary>
    public IReadOnlyList<(string Attribute, double Share)> Accuracies =>
    [
        .. _rows.SelectMany(static row => row.Verdict.Compare(row.Text)).GroupBy(static part => part.Attribute)
            .Select(static group => (group.Key, group.Average(static part => part.IsRight ? 1.0 : 0))),
    ];

    /// <summary>Share of videos of which an attribute is right.</summary>
    /// <param name="attribute">Its name.</param>
    public double Accuracy(string attribute) => Accuracies.First(pair => pair.Attribute == attribute).Share;

    /// <summary>Peak signal-to-noise ratio of reconstructions in decibels, over all videos together; null if there are none.</summary>
    public double? Psnr => _noise.Count == 0 ? null : 10 * Math.Log10(255 * 255 / Math.Max(1e-9, _noise.Average()));

    /// <summary>The table for people.</summary>
    public string Text()
    {
        StringBuilder text = new();
        foreach ((string attribute, double share) in Accuracies)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{attribute,-24} {100 * share,6:F1} %");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"{"pixels per frame",-24} {Mean(static verdict => verdict.PixelsPerFrame),6:F2}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{"fit of the shape",-24} {Mean(static verdict => verdict.Fit),6:F3}");
        if (Psnr is { } psnr)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{"reconstruction",-24} {psnr,6:F2} dB");
        }

        return text.Append(CultureInfo.InvariantCulture, $"{Count} videos").ToString();
    }

    /// <summary>The same with every verdict, as JSON.</summary>
    /// <param name="stream">Where to.</param>
    public void WriteJson(Stream stream)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("videos", Count);
        json.WriteStartObject("accuracy");
        foreach ((string attribute, double share) in Accuracies)
        {
            json.WriteNumber(attribute, share);
        }

        json.WriteEndObject();
        json.WriteNumber("pixels_per_frame", Mean(static verdict => verdict.PixelsPerFrame));
        json.WriteNumber("fit", Mean(static verdict => verdict.Fit));
        if (Psnr is { } psnr)
        {
            json.WriteNumber("psnr", psnr);
        }

        json.WriteStartArray("verdicts");
        foreach ((SceneText text, Verdict verdict) in _rows)
        {
            WriteRow(json, text, verdict);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter json, SceneText text, Verdict verdict)
    {
        json.WriteStartObject();
        json.WriteString("prompt", text.Prompt);
        json.WriteString("shape", verdict.Shape is { } shape ? SceneText.Word(shape) : null);
        json.WriteString("colour", verdict.Colour?.Name);
        json.WriteString("field", verdict.Field.Name);
        json.WriteString("direction", verdict.Direction is { } direction ? SceneText.Word(direction) : null);
        json.WriteNumber("pixels_per_frame", Math.Round(verdict.PixelsPerFrame, 4));
        json.WriteBoolean("bounces", verdict.Bounces);
        json.WriteString("pan", verdict.Pan is { } pan ? SceneText.Word(pan) : null);
        json.WriteNumber("fit", Math.Round(verdict.Fit, 4));
        json.WriteNumber("present", Math.Round(verdict.Present, 4));
        json.WriteEndObject();
    }

    private double Mean(Func<Verdict, double> value) => _rows.Count == 0 ? 0 : _rows.Average(row => value(row.Verdict));
}
