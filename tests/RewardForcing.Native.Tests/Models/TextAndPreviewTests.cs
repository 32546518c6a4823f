using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public class TextAndPreviewTests
{
    private static readonly TaehvConfig Tiny = new() { LatentChannels = 3, Widths = [4, 3, 2, 2], HasEncoder = false };
    private static readonly UmT5Config Encoder = new() { Vocabulary = 20, Dim = 8, AttentionDim = 12, FfnDim = 10, Heads = 3, Layers = 2 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Taehv_InPieces_EqualsWholeVideoWithoutItsFirstThreeFrames(int piece)
    {
        using CpuDevice device = new(2, checkMemory: true);
        using MemoryArchive archive = MemoryArchive.Random(Taehv.Declare(Tiny), 7);
        using Taehv network = Taehv.Load(device, archive);
        using ILatentDecoder decoder = network.OpenDecoder();
        using Pass pass = Pass.Inference(device);
        Tensor latents = pass.From<float>(new Shape(1, 5, 2, 2, 3), [.. Enumerable.Range(0, 60).Select(static i => MathF.Sin(i))]);
        float[] whole = network.Decode(pass, latents).ToFloats();
        List<float> pieces = [];
        for (int at = 0; at < 5; at += piece)
        {
            int count = Math.Min(piece, 5 - at);
            int expected = decoder.FramesFor(count);
            Tensor frames = decoder.Decode(pass, Narrow.Forward(pass, latents, 1, at, count));
            Assert.Equal(expected, frames.Shape[1]);
            pieces.AddRange(frames.ToFloats());
        }

        Assert.Equal([.. whole.Skip(3 * 16 * 16 * 3).Select(static value => value + value - 1f)], pieces.ToArray());
    }

    [Fact]
    public void Taehv_FileThatCanGrowMore_UsesItsLastRows()
    {
        using CpuDevice device = new(1);
        TaehvConfig larger = Tiny with { StoredGrowth = [2, 2, 2] };
        using MemoryArchive archive = MemoryArchive.Random(Taehv.Declare(larger), 7);
        using Taehv network = Taehv.Load(device, archive);
        using Pass pass = Pass.Inference(device);
        Tensor latents = pass.From<float>(new Shape(1, 1, 1, 1, 3), [0.5f, -1f, 2f]);
        float[] frames = network.Decode(pass, latents).ToFloats();
        float[] rows = network.Weights["decoder.7.conv.weight"].Value.ToFloats();
        archive.Set("decoder.7.conv.weight", new Shape(4, 4, 1, 1), rows[16..]);
        using Taehv cut = Taehv.Load(device, archive);

        Assert.Equal(cut.Decode(pass, latents).ToFloats(), frames);
    }

    [Fact]
    public void Encode_PaddedText_EqualsTextWithoutPadding()
    {
        using CpuDevice device = new(2, checkMemory: true);
        using MemoryArchive archive = MemoryArchive.Random(UmT5Encoder.Declare(Encoder), 9);
        using UmT5Encoder encoder = UmT5Encoder.Load(device, archive);
        long before = device.LiveBytes;
        using (Pass pass = Pass.Inference(device))
        {
            float[] bare = encoder.Encode(pass, [5, 19, 7, 1]).ToFloats();
            float[] context = encoder.EncodeContext(pass, [[5, 19, 7, 1, 0, 0], [1]], 6).ToFloats();

            Assert.Equal(bare, context[..32]);
            Assert.All(context[32..48], static value => Assert.Equal(0f, value));
            Assert.All(context[56..], static value => Assert.Equal(0f, value));
            Assert.Contains(context[48..56], static value => value != 0f);
        }

        Assert.Equal(before, device.LiveBytes);
    }

    [Fact]
    public void Encode_TokenOfAnotherVocabulary_Throws()
    {
        using CpuDevice device = new(1);
        using MemoryArchive archive = MemoryArchive.Random(UmT5Encoder.Declare(Encoder), 9);
        using UmT5Encoder encoder = UmT5Encoder.Load(device, archive);
        using Pass pass = Pass.Inference(device);

        Assert.Throws<ArgumentException>(() => encoder.Encode(pass, [20, 1]));
        Assert.Throws<ArgumentException>(() => encoder.Encode(pass, [0, 0]));
    }
}
