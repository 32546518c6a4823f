using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Training;

/// <summary>A log of one JSON object a line: <c>{"step":3,"time":1764093846.25,"generator_loss":0.5}</c>. Numbers that are not finite are texts.</summary>
public sealed class JsonLinesLog : ITrainingLog
{
    private const int LongestLine = 1 << 20;
    private static readonly SearchValues<byte> _end = SearchValues.Create((byte)'\n');
    private readonly AppendedFile _file;
    private readonly TimeProvider _clock;

    /// <summary>Opens a log. What a run wrote beyond the step it is resumed at is dropped, and so is a line that it was killed at.</summary>
    /// <param name="path">Made if it is missing.</param>
    /// <param name="step">Optimiser steps made so far: lines of later ones are dropped; 0 for a run that starts.</param>
    /// <param name="clock">Tells the time; null for that of the system.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="ModelFormatException">It is there and no such log.</exception>
    public JsonLinesLog(string path, long step = 0, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _file = AppendedFile.Open(path);
        try
        {
            _file.Cut(content => Keep(path, content, step));
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Write(long step, IReadOnlyDictionary<string, double> values)
    {
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step);
            json.WriteNumber("time", _clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
            foreach ((string key, double value) in values)
            {
                if (double.IsFinite(value))
                {
                    json.WriteNumber(key, value);
                }
                else
                {
                    json.WriteString(key, value.ToString(System.Globalization.CultureInfo.InvariantCulture));
                }
            }

            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        _file.Append(line.GetBuffer().AsSpan(0, (int)line.Length));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // Bytes up to the first line of a later step, or up to the last line end.
    private static long Keep(string path, Stream content, long step)
    {
        byte[] buffer = new byte[LongestLine];
        (long kept, int filled, int number) = (0, 0, 0);
        while (true)
        {
            int read = content.Read(buffer, filled, buffer.Length - filled);
            filled += read;
            int start = 0;
            for (int length = Line(buffer, start, filled); length >= 0; length = Line(buffer, start, filled))
            {
                number++;
                if (StepOf(path, number, buffer.AsMemory(start, length)) > step)
                {
                    return kept;
                }

                start += length + 1;
                kept += length + 1;
            }

            filled -= start;
            buffer.AsSpan(start, filled).CopyTo(buffer);
            if (filled == buffer.Length)
            {
                throw Stranger(path, number + 1, Encoding.UTF8.GetString(buffer, 0, 40), null);
            }

            if (read == 0)
            {
                return kept;
            }
        }
    }

    private static int Line(byte[] buffer, int start, int end) => buffer.AsSpan(start, end - start).IndexOfAny(_end);

    private static long StepOf(string path, int number, ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.GetProperty("step").GetInt64();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Stranger(path, number, Encoding.UTF8.GetString(line.Span), error);
        }
    }

    private static ModelFormatException Stranger(string path, int number, string line, Exception? error) =>
        new(path, $"line {number:N0} is no object with a step, got {Printable.Text(line, 40)}; it is no log of a run, so give another --logdir or move it away", null, error);
}
