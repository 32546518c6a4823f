namespace RewardForcing.Native.Generation;

/// <summary>Gives the standard normal numbers of one video after the other. Everything random in a generation comes from here.</summary>
/// <remarks>
/// Draws are <c>[B, f, C, H, W]</c>, frames before channels, as the reference lays them out. The pipeline asks in this order: the initial
/// noise of block 0, its re-noising draws, block 1, and so on; used by one thread at a time.
/// </remarks>
public interface INoiseSource : IDisposable
{
    /// <summary>Starts the next video.</summary>
    /// <param name="shape">What it needs.</param>
    void Begin(NoiseShape shape);

    /// <summary>Gives the noise a block starts from.</summary>
    /// <param name="block">Number of the block, from 0.</param>
    /// <param name="firstFrame">Its first latent frame among the generated ones.</param>
    /// <param name="frames">Its latent frames, f.</param>
    /// <param name="noise">Destination, <c>[B, f, C, H, W]</c>.</param>
    void Initial(int block, int firstFrame, int frames, Span<float> noise);

    /// <summary>Gives the noise that goes back onto the clean prediction of a step, for the next one.</summary>
    /// <param name="block">Number of the block, from 0.</param>
    /// <param name="step">The step whose prediction it goes onto, from 0.</param>
    /// <param name="frames">Latent frames of the block, f.</param>
    /// <param name="noise">Destination, <c>[B, f, C, H, W]</c>.</param>
    void Renewal(int block, int step, int frames, Span<float> noise);
}
