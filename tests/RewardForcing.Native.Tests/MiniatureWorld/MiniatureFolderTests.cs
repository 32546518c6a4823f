using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.MiniatureWorld;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.MiniatureWorld;

public sealed class MiniatureFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("miniature").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Tokenizer_PromptsOfTheWorld_ComeBackInFewPieces()
    {
        TokenizerVerb.Write(_folder, prompts: 400);
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(_folder);
        Assert.Equal((0, 1), (tokenizer.Padding, tokenizer.EndOfText));
        for (int i = 0; i < 100; i++)
        {
            string prompt = Scene.Draw(9, i, SceneSplit.HeldOut).Text.Prompt;
            int[] ids = tokenizer.Encode(prompt);
            Assert.Equal(prompt, tokenizer.Decode(ids));
            Assert.InRange(ids.Length, 5, 24);
            Assert.All(ids[..^1], id => Assert.InRange(id, SentencePieceWriter.FirstPiece, tokenizer.VocabularySize - 1));
        }
    }

    [Theory]
    [InlineData("Ein Würfel fällt")]
    [InlineData("猫が走る 🐈")]
    public void Tokenizer_AnyText_ComesBackThroughBytes(string text)
    {
        TokenizerVerb.Write(_folder, prompts: 200);
        UnigramTokenizer tokenizer = UnigramTokenizer.Open(_folder);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Theory]
    [InlineData("hug", "hugs")]
    public void UnigramTrainer_RepeatedWords_AreOnePieceEach(string first, string second)
    {
        IReadOnlyList<(string Text, double Score)> pieces = UnigramTrainer.Train(new Dictionary<string, long> { [first] = 100, [second] = 100 }, most: 6);
        Assert.Contains(pieces, piece => piece.Text == first);
        Assert.All("hugs", letter => Assert.Contains(pieces, piece => piece.Text == letter.ToString()));
        Assert.InRange(pieces.Sum(static piece => Math.Exp(piece.Score)), 0.9, 1.1);
    }

    [Fact]
    public void Init_Folder_EncodesPromptsThatDifferInOrder()
    {
        Assert.Equal(5, InitVerb.Write(_folder, MiniatureGeometry.Transformer(16, 1, 1), null, 0).Count());
        using CpuDevice device = new(1);
        PromptEmbedding[] rows = ModelFolder.Open(_folder).EncodePrompts(
            device, ["a blue circle moves left across a red field", "a red circle moves left across a blue field", "a red circle moves left across a blue field"]);
        Assert.Equal(rows[1].Values.ToArray(), rows[2].Values.ToArray());

        // The rows of "blue": second word of one prompt, next to last of the other.
        double same = Distance(rows[1], 1, rows[2], 1), moved = Distance(rows[0], 1, rows[1], rows[1].Tokens - 3);
        Assert.Equal(0, same);
        Assert.InRange(moved, 1, 1000);
    }

    [Fact]
    public void Init_SameSeed_GivesTheSameFiles()
    {
        string first = Path.Combine(_folder, "first"), second = Path.Combine(_folder, "second");
        string[] files = [.. InitVerb.Write(first, MiniatureGeometry.Transformer(16, 1, 1), null, 3)];
        Assert.Equal(files.Length, InitVerb.Write(second, MiniatureGeometry.Transformer(16, 1, 1), null, 3).Count());
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(second, Path.GetRelativePath(first, file)))));
    }

    [Fact]
    public void Encode_Clips_GivesLatentsWithTheirPrompts()
    {
        string clips = Path.Combine(_folder, "clips"), latents = Path.Combine(_folder, "latents"), model = Path.Combine(_folder, "model");
        Assert.Equal(5, InitVerb.Write(model, MiniatureGeometry.Transformer(16, 1, 1), null, 0).Count());
        ClipsVerb.Run(new ToolArguments(["clips", "--output", clips, "--count", "3", "--frames", "9"]));
        EncodeVerb.Run(new ToolArguments(["encode", "--clips", clips, "--model_dir", model, "--output", latents]));
        using IClipStore store = ClipStores.Open(latents);
        Assert.Equal((3, ClipKind.Latents, new Shape(3, 16, 8, 8)), (store.Count, store.Kind, store.ClipShape));
        Assert.Equal(Scene.Draw(0, 2, SceneSplit.Train).Text.Prompt, store.Prompt(2));
    }

    [Theory]
    [InlineData("clips --output x", "--count is missing")]
    [InlineData("clips --count 3", "--output is missing")]
    [InlineData("prompts --count 0", "--count must be a whole number from 1 on, got '0'")]
    [InlineData("prompts --count 2 --split test", "--split must be train or heldout, got 'test'")]
    [InlineData("judge --clips a --videos b --prompts c", "expected either --clips, or --videos with --prompts")]
    [InlineData("prompts --count 2 --colour red", "--colour was not understood")]
    public void Verbs_WrongOptions_AreRefused(string line, string sentence)
    {
        string[] words = line.Split(' ');
        Exception error = Assert.Throws<ArgumentException>(() =>
        {
            ToolArguments arguments = new(words);
            Action<ToolArguments> verb = words[0] switch { "clips" => ClipsVerb.Run, "judge" => JudgeVerb.Run, _ => PromptsVerb.Run };
            verb(arguments);
        });
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
    }

    private static double Distance(PromptEmbedding left, int leftRow, PromptEmbedding right, int rightRow)
    {
        ReadOnlySpan<float> a = left.Values.Span.Slice(leftRow * left.Width, left.Width), b = right.Values.Span.Slice(rightRow * right.Width, right.Width);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }

        return Math.Sqrt(sum);
    }
}
