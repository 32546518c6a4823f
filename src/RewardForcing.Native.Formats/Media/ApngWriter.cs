using System.Buffers.Binary;

namespace RewardForcing.Native.Formats;

/// <summary>Writes an animated PNG that loops forever. One frame is in memory at a time; the number of frames is filled in at the end.</summary>
/// <remarks>PNG specification, third edition, sections 4.9 and 11.3.7 (acTL, fcTL, fdAT).</remarks>
internal sealed class ApngWriter : VideoWriter
{
    private const int ControlPosition = 8 + PngChunks.Overhead + 13;
    private readonly PartialFile _file;
    private readonly PngEncoder _encoder;
    private readonly FrameRate _rate;
    private uint _sequence;

    public ApngWriter(string path, int width, int height, FrameRate rate)
        : base(width, height)
    {
        _rate = rate;
        _encoder = new PngEncoder(width, height);
        _file = PartialFile.Create(path);
        _file.Stream.Write(PngChunks.Signature);
        PngChunks.WriteHeader(_file.Stream, width, height);
        WriteAnimationControl(0);
    }

    private protected override void Add(ReadOnlySpan<byte> frame)
    {
        Span<byte> control = stackalloc byte[26];
        control.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(control, _sequence++);
        BinaryPrimitives.WriteInt32BigEndian(control[4..], Width);
        BinaryPrimitives.WriteInt32BigEndian(control[8..], Height);
        BinaryPrimitives.WriteUInt16BigEndian(control[20..], (ushort)_rate.Seconds);
        BinaryPrimitives.WriteUInt16BigEndian(control[22..], (ushort)_rate.Frames);
        PngChunks.Write(_file.Stream, "fcTL"u8, control);

        // The first frame is the picture that a viewer without animation shows; later ones carry a number in every chunk.
        Span<byte> number = stackalloc byte[4];
        ReadOnlySpan<byte> pixels = _encoder.Compress(frame);
        for (int start = 0; start < pixels.Length; start += PngChunks.MaxPart)
        {
            ReadOnlySpan<byte> part = pixels[start..Math.Min(start + PngChunks.MaxPart, pixels.Length)];
            if (Frames == 0)
            {
                PngChunks.Write(_file.Stream, "IDAT"u8, part);
            }
            else
            {
                BinaryPrimitives.WriteUInt32BigEndian(number, _sequence++);
                PngChunks.Write(_file.Stream, "fdAT"u8, number, part);
            }
        }
    }

    private protected override void Finish()
    {
        PngChunks.Write(_file.Stream, "IEND"u8, default);
        _file.Stream.Position = ControlPosition;
        WriteAnimationControl(checked((int)Frames));
        _file.Commit();
    }

    private protected override void Close(bool completed) => _file.Dispose();

    private void WriteAnimationControl(int frames)
    {
        Span<byte> content = stackalloc byte[8];
        content.Clear();
        BinaryPrimitives.WriteInt32BigEndian(content, frames);
        PngChunks.Write(_file.Stream, "acTL"u8, content);
    }
}
