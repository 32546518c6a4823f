using RewardForcing.Native.Ops;

namespace RewardForcing.Native.Training;

/// <summary>The numbers of a training of a VAE.</summary>
public sealed record VaeTrainingSettings
{
    /// <summary>Rates; keys <c>lr</c>, <c>beta1</c>, <c>beta2</c>, <c>weight_decay</c>.</summary>
    public AdamWSettings Optimizer { get; init; } = new(1e-3, 0.9, 0.99, WeightDecay: 1e-4);

    /// <summary>How the learning rate rises and falls; keys <c>warmup_steps</c>, <c>decay_steps</c>, <c>final_lr_share</c>.</summary>
    public RateSchedule Schedule { get; init; } = RateSchedule.Constant;

    /// <summary>Weight of the divergence; key <c>kl_weight</c>.</summary>
    public double KlWeight { get; init; } = 1e-4;

    /// <summary>Weight of the mean square difference; key <c>square_weight</c>.</summary>
    public double SquareWeight { get; init; }

    /// <summary>Largest length of all gradients together; key <c>max_grad_norm</c>.</summary>
    public double LargestGradient { get; init; } = 1;

    /// <summary>Images in a step of images; key <c>image_batch_size</c>.</summary>
    public int ImageBatch { get; init; } = 8;

    /// <summary>Videos in a step of videos; key <c>video_batch_size</c>.</summary>
    public int VideoBatch { get; init; } = 1;

    /// <summary>Share of steps that see images; key <c>image_share</c>.</summary>
    public double ImageShare { get; init; } = 0.2;

    /// <summary>Frames of a video, one more than a multiple of four; key <c>frames</c>.</summary>
    public int Frames { get; init; } = 17;

    /// <summary>Height and width of what is cut from a clip; 0 takes whole frames; key <c>crop_size</c>.</summary>
    public int CropSize { get; init; }

    /// <summary>Whether the encoder stays as it is, and with it all latents that were made by it.</summary>
    public bool DecoderOnly { get; init; }

    /// <summary>Seed of all draws; key <c>seed</c>.</summary>
    public ulong Seed { get; init; }

    /// <summary>Share that the average of the weights keeps; 0 keeps no average; key <c>ema_weight</c>.</summary>
    public double AverageDecay { get; init; } = 0.999;

    /// <summary>Steps after which the average begins; key <c>ema_start_step</c>.</summary>
    public long AverageStart { get; init; } = 100;

    /// <summary>Refuses numbers no training can have.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Validate()
    {
        Optimizer.Validate("vae training");
        Require(KlWeight >= 0 && double.IsFinite(KlWeight), $"kl_weight must be 0 or more, got {KlWeight}");
        Require(SquareWeight >= 0 && double.IsFinite(SquareWeight), $"square_weight must be 0 or more, got {SquareWeight}");
        Require(LargestGradient > 0, $"max_grad_norm must be above 0, got {LargestGradient}");
        Require(ImageBatch >= 1 && VideoBatch >= 1, $"image_batch_size and video_batch_size must be at least 1, got {ImageBatch} and {VideoBatch}");
        Require(ImageShare is >= 0 and <= 1, $"image_share must be from 0 to 1, got {ImageShare}");
        Require(Frames >= 1 && CropSize >= 0, $"frames must be at least 1 and crop_size at least 0, got {Frames} and {CropSize}");
        Require(AverageDecay is >= 0 and < 1 && AverageStart >= 0, $"ema_weight must be from 0 to below 1 and ema_start_step at least 0, got {AverageDecay} and {AverageStart}");
    }

    private static void Require(bool condition, string sentence)
    {
        if (!condition)
        {
            throw new ArgumentException($"vae training: {sentence}.");
        }
    }
}
