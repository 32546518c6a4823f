using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Models;

public sealed class WanTransformerTests : IDisposable
{
    private readonly CpuDevice _device = new(2, checkMemory: true);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Forward_BatchOfTwo_EqualsTwoBatchesOfOne()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 2, 3);
        Tensor text = TinyWan.Text(pass, 2);
        float[] both = model.Forward(pass, x, [900, 300], text).ToFloats();
        float[] first = model.Forward(pass, pass.Slice(x, 0, 1), [900], pass.Slice(text, 0, 1)).ToFloats();
        float[] second = model.Forward(pass, pass.Slice(x, 1, 1), [300], pass.Slice(text, 1, 1)).ToFloats();
        Assert.True(TinyWan.RelativeError(both, [.. first, .. second]) < 1e-6);
    }

    [Fact]
    public void Forward_OneTimestepForEachFrame_EqualsOneForTheSample()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 1, 3);
        Tensor text = TinyWan.Text(pass);
        float[] one = model.Forward(pass, x, [833.3333f], text).ToFloats();
        Assert.True(TinyWan.RelativeError(model.Forward(pass, x, [833.3333f, 833.3333f, 833.3333f], text).ToFloats(), one) < 1e-6);
        Assert.True(TinyWan.RelativeError(model.Forward(pass, x, [833.3333f, 0, 833.3333f], text).ToFloats(), one) > 1e-3);
    }

    [Fact]
    public void Forward_PreparedContext_GivesTheSame()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 2, 2);
        Tensor text = TinyWan.Text(pass, 2);
        long before = _device.LiveBytes;
        using (WanContext context = model.Prepare(pass, text, DType.F32))
        {
            Assert.Equal(model.Forward(pass, x, [500, 1], text).ToFloats(), model.Forward(pass, x, [500, 1], context).ToFloats());
            AssertSays("the context is for 2 samples", () => model.Forward(pass, pass.Slice(x, 0, 1), [500], context));
        }

        Assert.InRange(_device.LiveBytes - before, 1, 3 * (x.Bytes + 512));
    }

    [Fact]
    public void Forward_PreparedImageContext_GivesTheSame()
    {
        WanConfig config = TinyWan.Config with { ModelType = WanModelType.ImageToVideo, InChannels = 36, ClipDim = 8, ClipTokens = 5 };
        using WanTransformer model = TinyWan.Create(_device, config);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 1, 2);
        Tensor text = TinyWan.Text(pass);
        Tensor clip = pass.From<float>(new Shape(1, 5, 8), TinyWan.Noise(40, 5));
        Tensor latents = pass.From<float>(new Shape(1, 20, 2, 4, 4), TinyWan.Noise(640, 6));
        using WanContext context = model.Prepare(pass, text, DType.F32, clip);
        float[] expected = model.Forward(pass, x, [500], text, new ImageCondition(clip, latents)).ToFloats();
        Assert.Equal(expected, model.Forward(pass, x, [500], context, latents).ToFloats());
        Assert.Throws<ArgumentException>(() => model.Prepare(pass, text, DType.F32));
    }

    [Fact]
    public void Forward_TextPaddedByHand_GivesTheSame()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 1, 2);
        Tensor text = TinyWan.Text(pass, 1, 4);
        Tensor padded = Concat.Forward(pass, 1, text, pass.Zeros(new Shape(1, 2, TinyWan.Config.TextDim)));
        Assert.Equal(model.Forward(pass, x, [500], padded).ToFloats(), model.Forward(pass, x, [500], text).ToFloats());
    }

    [Fact]
    public void Forward_BFloat16_IsCloseToFloat()
    {
        using WanTransformer model = TinyWan.Create(_device, dtype: DType.BF16);
        using Pass pass = Pass.Inference(_device);
        Tensor x = Cast.Forward(pass, TinyWan.Video(pass, 1, 3), DType.BF16);
        Tensor text = Cast.Forward(pass, TinyWan.Text(pass), DType.BF16);
        Tensor half = model.Forward(pass, x, [625], text);
        Tensor full = model.Forward(pass, Cast.Forward(pass, x, DType.F32), [625], Cast.Forward(pass, text, DType.F32));
        Assert.Equal(DType.BF16, half.DType);
        Assert.InRange(TinyWan.RelativeError(half.ToFloats(), full.ToFloats()), 1e-5, 0.03);
    }

    [Fact]
    public void Forward_Finished_LeavesOnlyItsResult()
    {
        using WanTransformer model = TinyWan.Create(_device);
        long before = _device.LiveBytes;
        using (Pass pass = Pass.Inference(_device))
        {
            Tensor x = TinyWan.Video(pass, 1, 3);
            Tensor text = TinyWan.Text(pass);
            long inputs = _device.LiveBytes;
            Tensor y = model.Forward(pass, x, [500], text);
            Assert.InRange(_device.LiveBytes - inputs, y.Bytes, (2 * y.Bytes) + 512);
        }

        Assert.Equal(before, _device.LiveBytes);
    }

    [Fact]
    public void Forward_Cancelled_StopsAndReleasesEverything()
    {
        using WanTransformer model = TinyWan.Create(_device);
        long before = _device.LiveBytes;
        using (Pass pass = Pass.Inference(_device, new CancellationToken(canceled: true)))
        {
            Assert.Throws<OperationCanceledException>(() => model.Forward(pass, TinyWan.Video(pass, 1, 3), [500], TinyWan.Text(pass)));
        }

        Assert.Equal(before, _device.LiveBytes);
    }

    [Fact]
    public void Forward_WrongInputs_SaysWhatWasExpected()
    {
        using WanTransformer model = TinyWan.Create(_device);
        using Pass pass = Pass.Inference(_device);
        Tensor x = TinyWan.Video(pass, 1, 3);
        Tensor text = TinyWan.Text(pass);
        AssertSays("[B, 16, F, H, W]", () => model.Forward(pass, TinyWan.Video(pass, 1, 3, 3, 4), [1], text));
        AssertSays("expected 1 timesteps", () => model.Forward(pass, x, [1, 2], text));
        AssertSays("context must be", () => model.Forward(pass, x, [1], TinyWan.Text(pass, 1, 7)));
        AssertSays("takes no image", () => model.Forward(pass, x, [1], text, new ImageCondition(text, x)));
    }

    [Fact]
    public void Forward_ImageModelWithoutImage_Throws()
    {
        using WanTransformer model = TinyWan.Create(_device, TinyWan.Config with { ModelType = WanModelType.ImageToVideo, InChannels = 36, ClipDim = 8 });
        using Pass pass = Pass.Inference(_device);
        AssertSays("needs an image", () => model.Forward(pass, TinyWan.Video(pass, 1, 3), [1], TinyWan.Text(pass)));
    }

    private static void AssertSays(string sentence, Action action) =>
        Assert.Contains(sentence, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);
}
