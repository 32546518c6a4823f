using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Writes a unigram vocabulary as <c>spiece.model</c>, with the special pieces where umT5 has them: padding, end, start, unknown, then the bytes.</summary>
/// <remarks>Fields of <c>sentencepiece_model.proto</c>. Spec: models 7.4.</remarks>
internal static class SentencePieceWriter
{
    private const int Unknown = 2;
    private const int Control = 3;
    private const int Byte = 6;
    private const int WireNumber = 0;
    private const int WireBytes = 2;
    private const int WireFloat = 5;
    private static readonly (string Text, int Kind)[] _special = [("<pad>", Control), ("</s>", Control), ("<s>", Control), ("<unk>", Unknown)];

    /// <summary>Pieces before the first that was learnt.</summary>
    public static int FirstPiece => _special.Length + 256;

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pieces">Pieces and the logarithms of their probabilities.</param>
    public static void Write(string path, IReadOnlyList<(string Text, double Score)> pieces)
    {
        using MemoryStream model = new();
        foreach ((string text, int kind) in _special)
        {
            Message(model, 1, part => Piece(part, text, 0, kind));
        }

        for (int value = 0; value < 256; value++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            Message(model, 1, part => Piece(part, name, 0, Byte));
        }

        foreach ((string text, double score) in pieces)
        {
            Message(model, 1, part => Piece(part, text, (float)score, 1));
        }

        Message(model, 2, part => Trainer(part, FirstPiece + pieces.Count));
        Message(model, 3, Normalizer);
        WholeFile.Write(path, model.WriteTo);
    }

    private static void Piece(MemoryStream part, string text, float score, int kind)
    {
        Text(part, 1, text);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, score);
        Varint(part, (2 << 3) | WireFloat);
        part.Write(bytes);
        Number(part, 3, kind);
    }

    private static void Trainer(MemoryStream part, int vocabulary)
    {
        Number(part, 3, 1);
        Number(part, 4, vocabulary);
        Number(part, 35, 1);
        Number(part, 40, 3);
        Number(part, 41, 2);
        Number(part, 42, 1);
        Number(part, 43, 0);
        Text(part, 44, " \u2047 ");
    }

    // A space in front, runs of spaces as one, spaces as U+2581; characters stay what they are.
    private static void Normalizer(MemoryStream part)
    {
        Text(part, 1, "identity");
        Number(part, 3, 1);
        Number(part, 4, 1);
        Number(part, 5, 1);
    }

    private static void Message(MemoryStream stream, int field, Action<MemoryStream> write)
    {
        using MemoryStream part = new();
        write(part);
        Varint(stream, (uint)((field << 3) | WireBytes));
        Varint(stream, (uint)part.Length);
        part.WriteTo(stream);
    }

    private static void Text(MemoryStream stream, int field, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Varint(stream, (uint)((field << 3) | WireBytes));
        Varint(stream, (uint)bytes.Length);
        stream.Write(bytes);
    }

    private static void Number(MemoryStream stream, int field, int value)
    {
        Varint(stream, (uint)((field << 3) | WireNumber));
        Varint(stream, (uint)value);
    }

    private static void Varint(MemoryStream stream, uint value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
