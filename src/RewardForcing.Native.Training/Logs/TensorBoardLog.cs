using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Training;

/// <summary>A log that TensorBoard shows: an event file for each start of a run, with numbers, pictures and texts.</summary>
/// <remarks>
/// Records are framed as TFRecords (length, masked CRC-32C of the length, content, masked CRC-32C of the content) and hold <c>tensorflow.Event</c> messages.
/// A resumed run begins with a session event, at which TensorBoard drops what earlier files have from that step on.
/// </remarks>
public sealed class TensorBoardLog : ITrainingLog
{
    private const uint MaskDelta = 0xA282EAD8;

    // Fields of Event, Summary.Value, Summary.Image, SessionLog, TensorProto and SummaryMetadata, in tensorflow/core/util and framework.
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, Session = 7;
    private const int Value = 1, Tag = 1, Simple = 2, ImageValue = 4, TensorValue = 8, Metadata = 9;
    private const int ImageHeight = 1, ImageWidth = 2, ImageColors = 3, ImageBytes = 4, Rgb = 3;
    private const int Status = 1, Start = 1;
    private const int TensorType = 1, TensorShape = 2, TensorTexts = 8, Dimension = 2, DimensionSize = 1, StringType = 7;
    private const int Plugin = 1, PluginName = 1;

    private readonly AppendedFile _file;
    private readonly TimeProvider _clock;

    /// <summary>Starts an event file beside those of earlier starts.</summary>
    /// <param name="folder">Made if it is missing; what is given to <c>tensorboard --logdir</c>.</param>
    /// <param name="step">Optimiser steps made so far: what earlier files have of later ones is dropped by TensorBoard; 0 for a run that starts.</param>
    /// <param name="clock">Tells the time; null for that of the system.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public TensorBoardLog(string folder, long step = 0, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _clock = clock ?? TimeProvider.System;
        _file = Open(folder);
        Append(0, static message => message.Text(FileVersion, "brain.Event:2"));
        if (step > 0)
        {
            Append(step + 1, static message => message.Message(Session, new ProtocolMessage().Whole(Status, Start)));
        }
    }

    /// <inheritdoc/>
    public void Write(long step, IReadOnlyDictionary<string, double> values)
    {
        ProtocolMessage summary = new();
        foreach ((string key, double value) in values)
        {
            summary.Message(Value, new ProtocolMessage().Text(Tag, key).Float(Simple, (float)value));
        }

        Append(step, message => message.Message(Summary, summary));
    }

    /// <summary>Writes a picture, such as the contact sheet of a sample video.</summary>
    /// <param name="step">Optimiser steps made.</param>
    /// <param name="tag">What it is shown under.</param>
    /// <param name="picture">The picture.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Write(long step, string tag, Picture picture)
    {
        ProtocolMessage image = new ProtocolMessage().Whole(ImageHeight, picture.Height).Whole(ImageWidth, picture.Width).Whole(ImageColors, Rgb).Part(ImageBytes, PngWriter.Encode(picture));
        Append(step, message => message.Message(Summary, new ProtocolMessage().Message(Value, new ProtocolMessage().Text(Tag, tag).Message(ImageValue, image))));
    }

    /// <summary>Writes a text, such as the settings of the run.</summary>
    /// <param name="step">Optimiser steps made.</param>
    /// <param name="tag">What it is shown under.</param>
    /// <param name="text">Markdown.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Write(long step, string tag, string text)
    {
        ProtocolMessage shape = new ProtocolMessage().Message(Dimension, new ProtocolMessage().Whole(DimensionSize, 1));
        ProtocolMessage tensor = new ProtocolMessage().Whole(TensorType, StringType).Message(TensorShape, shape).Text(TensorTexts, text);
        ProtocolMessage metadata = new ProtocolMessage().Message(Plugin, new ProtocolMessage().Text(PluginName, "text"));
        ProtocolMessage value = new ProtocolMessage().Text(Tag, tag + "/text_summary").Message(TensorValue, tensor).Message(Metadata, metadata);
        Append(step, message => message.Message(Summary, new ProtocolMessage().Message(Value, value)));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // TensorBoard reads files in the order of their names, so the time of the start leads and has ten digits; a second start in a second gets a later name.
    private AppendedFile Open(string folder)
    {
        long seconds = _clock.GetUtcNow().ToUnixTimeSeconds();
        for (int start = 0; ; start++)
        {
            string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{seconds:D10}.{start:D3}.rewardforcing"));
            try
            {
                return AppendedFile.Open(path, isNew: true);
            }
            catch (IOException) when (start < 999 && File.Exists(path))
            {
                // Taken by another start.
            }
        }
    }

    private void Append(long step, Action<ProtocolMessage> fill)
    {
        ProtocolMessage message = new ProtocolMessage().Double(WallTime, _clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0).Whole(Step, step);
        fill(message);
        _file.Append(Record(message.Bytes));
    }

    private static byte[] Record(ReadOnlySpan<byte> content)
    {
        byte[] record = new byte[sizeof(ulong) + sizeof(uint) + content.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), MaskedSum(record.AsSpan(0, sizeof(ulong))));
        content.CopyTo(record.AsSpan(sizeof(ulong) + sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - sizeof(uint)), MaskedSum(content));
        return record;
    }

    // TFRecord: a sum stored beside the bytes it sums is rotated and shifted, since sums of bytes that hold their own sum are weak.
    private static uint MaskedSum(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            sum = BitOperations.Crc32C(sum, value);
        }

        return unchecked(BitOperations.RotateRight(~sum, 15) + MaskDelta);
    }
}
