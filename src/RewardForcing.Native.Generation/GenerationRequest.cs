namespace RewardForcing.Native.Generation;

/// <summary>One video to generate, or several samples of it together.</summary>
public sealed record GenerationRequest
{
    /// <summary>The encoded prompt.</summary>
    public required PromptEmbedding Prompt { get; init; }

    /// <summary>The encoded negative prompt; needed where <see cref="GenerationSettings.IsGuided"/>, else unused.</summary>
    public PromptEmbedding? NegativePrompt { get; init; }

    /// <summary>Where random numbers come from; <see cref="INoiseSource.Begin"/> is called once for this video. The caller disposes it.</summary>
    public required INoiseSource Noise { get; init; }

    /// <summary>Latent frames to generate, given ones not counted; F latents from nothing are 1 + 4 (F - 1) frames.</summary>
    public int LatentFrames { get; init; } = 21;

    /// <summary>Rows of pixels, a multiple of 16 for Wan.</summary>
    public int Height { get; init; } = 480;

    /// <summary>Columns of pixels, a multiple of 16 for Wan.</summary>
    public int Width { get; init; } = 832;

    /// <summary>
    /// Latents the video starts with: an image (one frame, with <see cref="GenerationSettings.IndependentFirstFrame"/>) or a video to
    /// be continued. They are decoded too, so the frames of the whole video come out. The same for all samples.
    /// </summary>
    public LatentFrames? Given { get; init; }

    /// <summary>The image of image-to-video transformers; null for all others.</summary>
    public ImageGuide? Image { get; init; }

    /// <summary>Samples generated together, B. They differ in their noise only; memory grows with them, so generating them one by one is often better.</summary>
    public int Samples { get; init; } = 1;
}
