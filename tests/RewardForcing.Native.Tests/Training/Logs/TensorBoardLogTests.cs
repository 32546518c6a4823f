using RewardForcing.Native.Formats;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public sealed class TensorBoardLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-events-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_NumbersPicturesAndTexts_AreReadBackByTheFormat()
    {
        Picture picture = new(3, 2, [.. Enumerable.Range(0, 18).Select(static i => (byte)(i * 13))]);
        using (TensorBoardLog log = new(_folder))
        {
            log.Write(1, new Dictionary<string, double> { ["generator_loss"] = 0.25, ["critic_loss"] = -3, ["ünd"] = double.PositiveInfinity });
            log.Write(300, "samples", picture);
            log.Write(1L << 40, "config", "lr: 2.0e-6\n色");
        }

        List<EventFile.Fields> events = EventFile.Read(Assert.Single(Directory.GetFiles(_folder)));
        Assert.Equal(4, events.Count);
        Assert.Equal("brain.Event:2", events[0].Text(3));
        Assert.All(events, static one => Assert.InRange(BitConverter.ToDouble(one[1]), 1.7e9, 1e11));
        Assert.Equal([0, 1, 300, 1L << 40], events.Select(static one => one.Whole(2)));
        EventFile.Fields[] numbers = [.. events[1].Message(5).Messages(1)];
        Assert.Equal([("generator_loss", 0.25f), ("critic_loss", -3f), ("ünd", float.PositiveInfinity)], numbers.Select(static value => (value.Text(1), BitConverter.ToSingle(value[2]))));

        EventFile.Fields image = events[2].Message(5).Message(1);
        Assert.Equal("samples", image.Text(1));
        Assert.Equal((2, 3, 3), (image.Message(4).Whole(1), image.Message(4).Whole(2), image.Message(4).Whole(3)));
        string png = Path.Combine(_folder, "a.png");
        File.WriteAllBytes(png, image.Message(4)[4]);
        Picture back = PictureFile.Read(png);
        Assert.Equal((picture.Width, picture.Height), (back.Width, back.Height));
        Assert.Equal(picture.Rgb24, back.Rgb24);

        EventFile.Fields text = events[3].Message(5).Message(1);
        Assert.Equal("config/text_summary", text.Text(1));
        Assert.Equal("text", text.Message(9).Message(1).Text(1));
        Assert.Equal((7, 1, "lr: 2.0e-6\n色"), (text.Message(8).Whole(1), text.Message(8).Message(2).Message(2).Whole(1), text.Message(8).Text(8)));
    }

    [Fact]
    public void New_ResumedRun_StartsAFileThatDropsLaterSteps()
    {
        using (TensorBoardLog first = new(_folder))
        using (TensorBoardLog second = new(_folder, 7))
        {
            first.Write(9, new Dictionary<string, double> { ["a"] = 1 });
            second.Write(8, new Dictionary<string, double> { ["a"] = 2 });
        }

        string[] files = [.. Directory.GetFiles(_folder).Order(StringComparer.Ordinal)];
        Assert.Equal(2, files.Length);
        Assert.All(files, static file => Assert.Matches(@"^events\.out\.tfevents\.\d{10}\.\d{3}\.rewardforcing$", Path.GetFileName(file)));
        List<EventFile.Fields> events = EventFile.Read(files[1]);
        Assert.Equal([0, 8, 8], events.Select(static one => one.Whole(2)));
        Assert.Equal(1, events[1].Message(7).Whole(1));
        Assert.False(EventFile.Read(files[0])[1].Has(7));
    }

    [Fact]
    public void Crc32C_KnownAnswers_ShowThatTheReaderIsRight()
    {
        // RFC 3720, B.4.
        Assert.Equal(0x8A9136AAu, EventFile.Crc32C(new byte[32]));
        Assert.Equal(0xE3069283u, EventFile.Crc32C("123456789"u8));
    }
}
