using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;
using RewardForcing.Native.Testing.Files;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

/// <summary>The rows of the corpus of malformed files that are recipes, because the file would be large or is no plain file.</summary>
public sealed class ArchiveRecipeTests : IDisposable
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("rf-recipe-").FullName;

    // A link or a pipe cannot be made without rights on Windows.
    public static TheoryData<string, string> NoFiles
    {
        get
        {
            TheoryData<string, string> rows = new() { { "folder", "holds no" }, { "missing", "does not exist" }, { "empty", "too short" } };
            if (!OperatingSystem.IsWindows())
            {
                rows.Add("pipe", "no regular file");
                rows.Add("/dev/zero", "no regular file");
                rows.Add("circle", "circle");
                rows.Add("nowhere", "does not exist");
            }

            return rows;
        }
    }

    private string Target => Path.Combine(_folder, "recipe.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Recipes_AllOfTheCorpus_AreTestedHere() =>
        Assert.Equal(["I1", "S23", "S24", "S25", "S3", "S3", "Z6"], MalformedCase.All("SIZPMT").Where(static entry => entry.File is null).Select(static entry => entry.Id).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(100_000_001, "at most 100,000,000")]
    [InlineData(long.MaxValue, "at most 100,000,000")]
    public void S3_HeaderTooLarge_IsRefusedBeforeItIsRead(long length, string reason)
    {
        using (FileStream stream = File.Create(Target))
        {
            stream.Write(BitConverter.GetBytes(length));
            stream.Write("{"u8);
            stream.SetLength(8 + 100_000_001);
        }

        Assert.Contains(reason, Refusal(1 << 16), StringComparison.Ordinal);
    }

    [Fact]
    public void S3_HeaderOfTheLargestLength_IsReadInTime()
    {
        using (FileStream stream = File.Create(Target))
        {
            stream.Write(BitConverter.GetBytes(100_000_000L));
            stream.Write("{}"u8);
            byte[] spaces = new byte[1 << 20];
            spaces.AsSpan().Fill((byte)' ');
            for (long left = 100_000_000 - 2; left > 0; left -= spaces.Length)
            {
                stream.Write(spaces, 0, (int)Math.Min(left, spaces.Length));
            }
        }

        long started = Stopwatch.GetTimestamp();
        using TensorArchive archive = TensorArchive.Open(Target);
        Assert.Empty(archive.Entries);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeLimit);
    }

    [Fact]
    public void S23_AMillionTensors_AreReadInTime()
    {
        const int Count = 1_000_000;
        StringBuilder header = new("{", 70 << 20);
        for (int i = 0; i < Count; i++)
        {
            header.Append(CultureInfo.InvariantCulture, $"{(i > 0 ? "," : string.Empty)}\"t{i}\":{{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[{i},{i + 1}]}}");
        }

        byte[] json = Encoding.ASCII.GetBytes(header.Append('}').ToString());
        using (FileStream stream = File.Create(Target))
        {
            stream.Write(BitConverter.GetBytes((long)json.Length));
            stream.Write(json);
            stream.SetLength(8 + json.Length + Count);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        using TensorArchive archive = TensorArchive.Open(Target);
        Assert.Equal(Count, archive.Entries.Count);
        Assert.True(archive.TryGet("t999999", out TensorEntry? entry));
        using TensorBytes bytes = archive.Map(entry);
        Assert.Equal(1, bytes.Length);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeLimit);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10L * json.Length);
    }

    [Fact]
    public void S24_FileCutAfterItsHeaderWasRead_IsRefused()
    {
        WriteTensor(1 << 20);
        using TensorArchive archive = TensorArchive.Open(Target);
        using (FileStream stream = new(Target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(100);
        }

        ModelFormatException refusal = Assert.Throws<ModelFormatException>(() => archive.Map(archive.Entries[0]));
        Assert.Contains("has changed since it was opened", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S24_FileWrittenToAfterItsHeaderWasRead_IsRefused()
    {
        WriteTensor(100);
        using TensorArchive archive = TensorArchive.Open(Target);
        using (FileStream stream = new(Target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Position = stream.Length - 1;
            stream.WriteByte(6);
        }

        File.SetLastWriteTimeUtc(Target, DateTime.UtcNow.AddSeconds(5));
        ModelFormatException refusal = Assert.Throws<ModelFormatException>(() => archive.Map(archive.Entries[0]));
        Assert.Contains("was written to since it was opened", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S24_FileReplacedByAnotherAfterItsHeaderWasRead_IsReadAsItWas()
    {
        WriteTensor(100);
        using TensorArchive archive = TensorArchive.Open(Target);
        string other = Path.Combine(_folder, "other");
        File.WriteAllText(other, "something else");
        File.Move(other, Target, overwrite: true);
        using TensorBytes bytes = archive.Map(archive.Entries[0]);
        Assert.All(bytes.ToArray(), static value => Assert.Equal(7, value));
    }

    [Theory]
    [MemberData(nameof(NoFiles))]
    public async Task S25_NoFile_IsRefusedAtOnceByEveryReader(string name, string reason)
    {
        string path = Path.Combine(_folder, name);
        Make(name, path);
        (string Kind, Action Read)[] readers =
        [
            ("archive", () => TensorArchive.Open(path).Dispose()), ("json", () => JsonPart.ReadFile(path)), ("picture", () => PngReader.Read(path)),
            ("tokenizer", () => UnigramTokenizer.Open(path)), ("prompts", () => PromptFile.Read(path)),
        ];
        foreach ((string kind, Action read) in readers)
        {
            Exception? error = await Record.ExceptionAsync(() => Task.Run(read).WaitAsync(TimeLimit));
            Assert.True(error is ModelFormatException or FileNotFoundException, $"{kind}: {error}");
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
            if (kind == "archive")
            {
                Assert.Contains(reason, error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void I1_ShardThatIsALinkOutOfTheFolder_IsRefused()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "model")).FullName;
        foreach (string shard in Directory.GetFiles(Fixtures.Path("golden/formats/malformed/I/ok")))
        {
            File.Copy(shard, Path.Combine(folder, Path.GetFileName(shard)));
        }

        string linked = Path.Combine(folder, "model-00001-of-00002.safetensors");
        File.Move(linked, Target);
        File.CreateSymbolicLink(linked, Target);
        string message = Assert.Throws<ModelFormatException>(() => TensorArchive.Open(folder)).Message;
        Assert.Contains("a link out of the folder", message, StringComparison.Ordinal);
        Assert.Contains("model.safetensors.index.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Z6_AMillionEntries_AreRefusedBeforeTheyAreRead()
    {
        const long Count = 1_000_000;
        const long Length = Count * 64;
        using (FileStream stream = File.Create(Target))
        {
            stream.Write("PK\u0003\u0004"u8);
            stream.Position = 30 + Length;
            byte[] end = new byte[56 + 20 + 22];
            Put(end, 0, 4, 0x06064B50);
            Put(end, 4, 8, 44);
            Put(end, 24, 8, Count);
            Put(end, 32, 8, Count);
            Put(end, 40, 8, Length);
            Put(end, 48, 8, 30);
            Put(end, 56, 4, 0x07064B50);
            Put(end, 64, 8, 30 + Length);
            Put(end, 72, 4, 1);
            Put(end, 76, 4, 0x06054B50);
            Put(end, 84, 2, ushort.MaxValue);
            Put(end, 86, 2, ushort.MaxValue);
            Put(end, 88, 4, uint.MaxValue);
            Put(end, 92, 4, uint.MaxValue);
            stream.Write(end);
        }

        File.Move(Target, Path.ChangeExtension(Target, ".pt"));
        Assert.Contains("1,000,000 entries", Refusal(1 << 20, ".pt"), StringComparison.Ordinal);
    }

    private static void Put(byte[] target, int at, int size, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        bytes[..size].CopyTo(target.AsSpan(at));
    }

    private static void Make(string name, string path)
    {
        switch (name)
        {
            case "folder":
                Directory.CreateDirectory(path);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "circle":
                File.CreateSymbolicLink(path, path + "2");
                File.CreateSymbolicLink(path + "2", path);
                break;
            case "nowhere":
                File.CreateSymbolicLink(path, path + "-else");
                break;
            case "pipe":
                using (Process process = Process.Start("mkfifo", [path]))
                {
                    process.WaitForExit();
                    Assert.Equal(0, process.ExitCode);
                }

                break;
        }
    }

    private string Refusal(long mostAllocated, string extension = ".safetensors")
    {
        string path = Path.ChangeExtension(Target, extension);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<ModelFormatException>(() => TensorArchive.Open(path)).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, mostAllocated);
        Assert.Contains(Path.GetFileName(path), message, StringComparison.Ordinal);
        return message;
    }

    private void WriteTensor(int count)
    {
        byte[] content = new byte[count];
        content.AsSpan().Fill(7);
        SafetensorsWriter.Write(Target, [new WritableTensor("a", ElementType.U8, [count], stream => stream.Write(content))]);
    }
}
