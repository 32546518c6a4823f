using System.Buffers.Binary;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Media;

public sealed class PngReaderMalformedTests
{
    private static readonly PngMaker _maker = new(6, 5, 2, 8, false);

    public static TheoryData<string, byte[]> Wrong => new()
    {
        { "is no PNG", [] },
        { "is no PNG", "GIF89a and more"u8.ToArray() },
        { "ends without IEND", PngMaker.Assemble([]) },
        { "expected IHDR", PngMaker.Assemble([("IEND", [])]) },
        { "expected IHDR", PngMaker.Assemble([("IDAT", [1]), ("IHDR", _maker.Header()), ("IEND", [])]) },
        { "second IHDR", PngMaker.Assemble([("IHDR", _maker.Header()), ("IHDR", _maker.Header()), ("IEND", [])]) },
        { "IHDR must have 13 bytes, got 12", PngMaker.Assemble([("IHDR", _maker.Header()[..12]), ("IEND", [])]) },
        { "size of 0 x 5", Header(0, 0, 0, 0, 0) },
        { "size of 6 x 0", Header(4, 0, 0, 0, 0) },
        { "size of 4294967295 x 4294967295", Header(0, 255, 255, 255, 255, 255, 255, 255, 255) },
        { "expected between 1 and 67,108,864 pixels", Header(0, 0, 0, 32, 1, 0, 0, 32, 0) },
        { "cannot hold", Header(0, 0, 0, 32, 0, 0, 0, 32, 0) },
        { "colour type 1", Header(9, 1) },
        { "colour type 7", Header(9, 7) },
        { "colour type 2 with 4 bits", Header(8, 4) },
        { "colour type 3 with 16 bits", Header(8, 16, 3) },
        { "compression 1", Header(10, 1) },
        { "filter 64", Header(11, 64) },
        { "interlace 2", Header(12, 2) },
        { "IDAT is missing", PngMaker.Assemble([("IHDR", _maker.Header()), ("IEND", [])]) },
        { "IEND with content", Around(("IEND", [1])) },
        { "do not follow one another", Around(("tIME", new byte[7]), ("IDAT", [])) },
        { "does not know", Around(("CgBI", new byte[4])) },
        { "must be four letters", Around(("a\0b!", [])) },
        { "PLTE", Around(("PLTE", [])) },
        { "PLTE", Before(("PLTE", new byte[4])) },
        { "PLTE", Before(("PLTE", new byte[3]), ("PLTE", new byte[3])) },
        { "PLTE", Before(("PLTE", new byte[3 * 257])) },
        { "tRNS", Before(("tRNS", new byte[5])) },
        { "tRNS", Before(("tRNS", new byte[6]), ("tRNS", new byte[6])) },
        { "no PLTE", Header(9, 3) },
        { "colour", PaletteTooShort() },
        { "filter 5", _maker.File(PngMaker.Compress([5, .. new byte[94]])) },
        { "pixels end in row 4", _maker.File(PngMaker.Compress(_maker.Rows()[..94])) },
        { "more pixels than its 6 x 5", _maker.File(PngMaker.Compress([.. _maker.Rows(), 0])) },
        { "cannot be decompressed", _maker.File([1, 2, 3, 4, 5, 6, 7, 8]) },
        { "cannot be decompressed", _maker.File(WrongSum()) },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Decode_WrongFile_SaysWhatIsWrongWithIt(string reason, byte[] file)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => PngReader.Decode(file, "wrong.png"));
        Assert.StartsWith("wrong.png: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Theory]
    [InlineData(2, 8, false)]
    [InlineData(3, 4, true)]
    public void Decode_CutAnywhere_IsRefused(int type, int depth, bool interlaced)
    {
        byte[] file = new PngMaker(19, 13, type, depth, interlaced).File();
        for (int length = 0; length < file.Length; length++)
        {
            Assert.Throws<ModelFormatException>(() => PngReader.Decode(file[..length], "cut.png"));
        }
    }

    [Theory]
    [InlineData(2, 8, false)]
    [InlineData(3, 4, true)]
    public void Decode_AnyBitFlipped_IsRefused(int type, int depth, bool interlaced)
    {
        byte[] file = new PngMaker(19, 13, type, depth, interlaced).File();
        for (int bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<ModelFormatException>(() => PngReader.Decode(file, "flipped.png"));
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Decode_AnyByteOfThePixelsChangedUnderRightChecksums_IsRefusedOrAPictureOfThatSize()
    {
        byte[] compressed = PngMaker.Compress(_maker.Rows());
        for (int i = 0; i < compressed.Length * 8; i++)
        {
            compressed[i / 8] ^= (byte)(1 << (i % 8));
            try
            {
                Assert.Equal(6 * 5 * 3, PngReader.Decode(_maker.File(compressed), "changed.png").Rgb24.Length);
            }
            catch (ModelFormatException error)
            {
                Assert.StartsWith("changed.png: ", error.Message);
            }

            compressed[i / 8] ^= (byte)(1 << (i % 8));
        }
    }

    [Fact]
    public void Decode_SmallFileThatClaimsALargePicture_AllocatesNothingOfThatSize()
    {
        byte[] file = Header(0, 0, 0, 32, 0, 0, 0, 32, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ModelFormatException>(() => PngReader.Decode(file, "bomb.png"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static byte[] Header(int position, params byte[] values)
    {
        byte[] header = _maker.Header();
        values.CopyTo(header, position);
        return PngMaker.Assemble([("IHDR", header), ("IDAT", PngMaker.Compress(_maker.Rows())), ("IEND", [])]);
    }

    private static byte[] Before(params (string, byte[])[] chunks) =>
        PngMaker.Assemble([("IHDR", _maker.Header()), .. chunks, ("IDAT", PngMaker.Compress(_maker.Rows())), ("IEND", [])]);

    private static byte[] Around(params (string, byte[])[] chunks) =>
        PngMaker.Assemble([("IHDR", _maker.Header()), ("IDAT", PngMaker.Compress(_maker.Rows())), .. chunks, ("IEND", [])]);

    private static byte[] PaletteTooShort()
    {
        PngMaker maker = new(9, 9, 3, 4, false);
        maker.Palette = maker.Palette[..6];
        return maker.File();
    }

    private static byte[] WrongSum()
    {
        byte[] compressed = PngMaker.Compress(_maker.Rows());
        BinaryPrimitives.WriteUInt32BigEndian(compressed.AsSpan(compressed.Length - 4), 12345);
        return compressed;
    }
}
