namespace RewardForcing.Native.Models;

/// <summary>What a Wan transformer is conditioned on.</summary>
public enum WanModelType
{
    /// <summary>Text alone (<c>t2v</c>).</summary>
    TextToVideo,

    /// <summary>Text, a first image as extra latent channels, and CLIP features of that image (<c>i2v</c>).</summary>
    ImageToVideo,
}
