using System.Text.Json;
using RewardForcing.Native.Cli;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Testing;

namespace RewardForcing.Native.EndToEnd.Tests;

/// <summary>A folder with a model so small that a video takes a fraction of a second, and the command run on it without a process of its own.</summary>
public sealed class MiniModel : IDisposable
{
    private const int FirstLetter = 0x4E00;

    public MiniModel()
    {
        string source = Fixtures.Path("golden/models/ckpt/orig/Wan2.1-T2V-1.3B");
        foreach (string file in Directory.GetFiles(source))
        {
            File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
        }

        // The text encoder knows 40 tokens: four of the frame, a space, letters, and a few signs.
        WriteTokenizer(Folder, [.. "\u2581abcdefghijklmnopqrstuvwxyz.,'-01234".Select(static letter => letter.ToString())]);
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("rf-generate-").FullName;

    public string Folder => Directory.CreateDirectory(Path.Combine(Root, "model")).FullName;

    /// <summary>A place of its own for each test.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(Root, Guid.NewGuid().ToString("N")[..8])).FullName;

    public async Task<CommandResult> Generate(params string[] arguments) => await Run(Arguments(arguments));

    /// <summary>The whole command line: what is not given is small.</summary>
    public string[] Arguments(params string[] arguments)
    {
        (string Name, string Value)[] usual = [("--model_dir", Folder), ("--height", "32"), ("--width", "32"), ("--num_output_frames", "3"), ("--format", "png")];
        return ["generate", .. usual.Where(option => !arguments.Contains(option.Name)).SelectMany(static option => new[] { option.Name, option.Value }), .. arguments];
    }

    public static async Task<CommandResult> Run(params string[] arguments)
    {
        StringWriter output = new(), error = new();
        int code = await CommandLine.RunAsync(arguments, output, error);
        return new CommandResult(code, output.ToString(), error.ToString());
    }

    /// <summary>Frames of a folder of PNG files, one after the other.</summary>
    public static byte[] Frames(string folder) => [.. Directory.GetFiles(folder, "*.png").Order(StringComparer.Ordinal).SelectMany(static file => PictureFile.Read(file).Rgb24)];

    /// <summary>A tokenizer whose pieces are a frame of four and those given.</summary>
    public static void WriteTokenizer(string folder, string[] pieces)
    {
        string[] all = ["<pad>", "</s>", "<s>", "<unk>", .. pieces];
        var tokenizer = new
        {
            model = new { type = "Unigram", unk_id = 3, vocab = all.Select(static piece => new object[] { piece, -1.0 }) },
            pre_tokenizer = pieces.Contains("\u2581") ? new { type = "Metaspace", replacement = "\u2581", prepend_scheme = "never", split = false } : null,
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new object[] { new { Sequence = new { id = "A", type_id = 0 } }, new { SpecialToken = new { id = "</s>", type_id = 0 } } },
                special_tokens = new Dictionary<string, object> { ["</s>"] = new { id = "</s>", ids = new[] { 1 }, tokens = new[] { "</s>" } } },
            },
        };
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "google", "umt5-xxl")).FullName, "tokenizer.json");
        File.WriteAllText(path, JsonSerializer.Serialize(tokenizer));
    }

    /// <summary>A tokenizer with a letter for each number, and the prompt that becomes given numbers.</summary>
    public static string PromptFor(string folder, int vocabulary, IEnumerable<long> ids)
    {
        WriteTokenizer(folder, [.. Enumerable.Range(4, vocabulary - 4).Select(static id => ((char)(FirstLetter + id)).ToString())]);
        return string.Concat(ids.TakeWhile(static id => id != 1).Select(static id => (char)(FirstLetter + id)));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
