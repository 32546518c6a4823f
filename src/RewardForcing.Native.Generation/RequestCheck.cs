using RewardForcing.Native.Models;

namespace RewardForcing.Native.Generation;

/// <summary>Refuses requests that cannot work, before anything is computed: one sentence that says what was expected and what came.</summary>
internal sealed class RequestCheck(WanConfig model, GenerationSettings settings, GenerationRequest request, int spatialScale)
{
    public void Run()
    {
        int multiple = spatialScale * model.Patch;
        Require(
            request.Height >= multiple && request.Width >= multiple && request.Height % multiple == 0 && request.Width % multiple == 0,
            $"height and width must be multiples of {multiple} pixels, got {request.Height} x {request.Width}");
        Require(request.LatentFrames >= 1, $"at least 1 latent frame must be generated, got {request.LatentFrames}");
        Require(request.Samples is >= 1 and <= ushort.MaxValue, $"the number of samples must be from 1 to {ushort.MaxValue}, got {request.Samples}");
        Text("the prompt", request.Prompt);
        if (settings.IsGuided)
        {
            Require(request.NegativePrompt is not null, $"guidance of {settings.Guidance} needs a negative prompt (it may be empty); set the guidance to 1 to do without");
            Text("the negative prompt", request.NegativePrompt!);
        }

        Given();
        Image();
        if (settings.IsCausal)
        {
            _ = new BlockPlan(settings.FramesPerBlock, settings.IndependentFirstFrame, request.Given?.Frames ?? 0, request.LatentFrames);
        }
    }

    private static void Require(bool condition, string sentence)
    {
        if (!condition)
        {
            throw new ArgumentException($"request: {sentence}.");
        }
    }

    private void Text(string what, PromptEmbedding text)
    {
        Require(text.Width == model.TextDim, $"{what} must be {model.TextDim} wide for this transformer, got {text.Width}; text encoder and transformer belong together");
        Require(text.Tokens <= model.TextTokens, $"{what} must have at most {model.TextTokens} tokens, got {text.Tokens}; let the tokenizer cut it");
    }

    private void Given()
    {
        if (request.Given is LatentFrames given)
        {
            Require(settings.IsCausal, "given latents are continued block by block; the samplers of whole videos cannot start from them");
            Latents("given latents", given);
        }
    }

    private void Image()
    {
        Require(model.IsImageToVideo || request.Image is null, "this transformer takes no image; give its latents as the start of the video instead");
        if (model.IsImageToVideo)
        {
            Require(request.Image is not null, "an image-to-video transformer needs an image");
            Latents("the image's latents", request.Image!.Latents);
            Require(request.Image.Latents.Frames == request.LatentFrames, $"the image's latents must have {request.LatentFrames} frames, got {request.Image.Latents.Frames}");
            Require(
                request.Image.ClipFeatures.Length == model.ClipTokens * model.ClipDim,
                $"the image's CLIP features must be {model.ClipTokens} x {model.ClipDim} values, got {request.Image.ClipFeatures.Length}");
        }
    }

    private void Latents(string what, LatentFrames latents)
    {
        (int height, int width) = (request.Height / spatialScale, request.Width / spatialScale);
        Require(
            latents.Channels == model.OutChannels && latents.Height == height && latents.Width == width,
            $"{what} must be {model.OutChannels} x {height} x {width} for {request.Height} x {request.Width} pixels, got {latents.Channels} x {latents.Height} x {latents.Width}");
    }
}
