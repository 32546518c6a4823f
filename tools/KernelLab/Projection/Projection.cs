namespace RewardForcing.Native.KernelLab;

/// <summary>Frames per second of the 1.3B model with the full VAE on an H100, projected. Nothing of it is measured on one.</summary>
internal sealed class Projection
{
    /// <summary>Latent frames of a clip.</summary>
    public const int LatentFrames = 21;

    /// <summary>Said with every result.</summary>
    public const string Label = "A projection from counts of the simulated device, not a measurement.";

    private const int PicturesOfLatent = 4;

    private Projection(IReadOnlyList<ProjectedCall>[] passes, IReadOnlyList<ProjectedCall> decoder) => (Passes, Decoder) = (passes, decoder);

    /// <summary>Calls of one pass of the transformer, by block.</summary>
    public IReadOnlyList<IReadOnlyList<ProjectedCall>> Passes { get; }

    /// <summary>Calls of one pass with the window full.</summary>
    public IReadOnlyList<ProjectedCall> Steady => Passes[^1];

    /// <summary>Calls that decode one latent frame to four pictures.</summary>
    public IReadOnlyList<ProjectedCall> Decoder { get; }

    /// <summary>Pictures of a block.</summary>
    public static double BlockPictures => PicturesOfLatent * TransformerProjection.BlockFrames;

    /// <summary>Pictures of a clip: the first latent frame is one.</summary>
    public static double Pictures => 1 + (PicturesOfLatent * (LatentFrames - 1));

    /// <summary>Seconds of the transformer for a block with the window full.</summary>
    public double TransformerSeconds => TransformerProjection.Passes * Seconds(Steady);

    /// <summary>Seconds of the decoder for a block.</summary>
    public double DecoderSeconds => TransformerProjection.BlockFrames * Seconds(Decoder);

    /// <summary>Frames a second with the window full, transformer and decoder after each other.</summary>
    public double SteadyFrames => BlockPictures / (TransformerSeconds + DecoderSeconds);

    /// <summary>Frames a second with the window full, the decoder beside the next block's transformer.</summary>
    public double BesideFrames =>
        BlockPictures / ((TransformerProjection.Passes * SecondsBeside(Steady)) + (TransformerProjection.BlockFrames * SecondsBeside(Decoder)));

    /// <summary>Frames a second of a clip from its start, after each other. Decoding the first latent frame is counted as that of the others.</summary>
    public double ClipFrames => Pictures / ((TransformerProjection.Passes * Passes.Sum(Seconds)) + (LatentFrames * Seconds(Decoder)));

    /// <summary>Projects.</summary>
    /// <param name="kernels">Counts.</param>
    public static Projection Of(CountedKernels kernels) => new(
        [.. Enumerable.Range(0, LatentFrames / TransformerProjection.BlockFrames).Select(block => TransformerProjection.Calls(kernels, TransformerProjection.WindowFrames(block)))],
        DecoderProjection.Calls(kernels));

    /// <summary>Seconds of calls after each other.</summary>
    public static double Seconds(IReadOnlyList<ProjectedCall> calls) => calls.Sum(static call => call.TotalSeconds);

    private static double SecondsBeside(IReadOnlyList<ProjectedCall> calls) => calls.Sum(static call => call.Calls * call.BesideSeconds);
}
