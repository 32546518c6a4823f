namespace RewardForcing.Native.Generation;

/// <summary>How the latent frames of a video are cut into blocks, given frames and generated ones.</summary>
/// <remarks>Spec: models 5.1 and 5.3.</remarks>
public sealed class BlockPlan
{
    private readonly int _framesPerBlock;
    private readonly bool _single;

    /// <summary>Plans a video.</summary>
    /// <param name="framesPerBlock">Latent frames of a block.</param>
    /// <param name="independentFirstFrame">Whether the first frame of the video is a block of its own.</param>
    /// <param name="givenFrames">Latent frames given at the start, 0 for none.</param>
    /// <param name="newFrames">Latent frames to generate.</param>
    /// <exception cref="ArgumentException">The frames cannot be cut into blocks; the message says which numbers can.</exception>
    public BlockPlan(int framesPerBlock, bool independentFirstFrame, int givenFrames, int newFrames)
    {
        if (framesPerBlock < 1 || givenFrames < 0 || newFrames < 1)
        {
            throw new ArgumentException($"blocks: expected at least 1 frame for each block and to generate, got {framesPerBlock} and {newFrames}.");
        }

        _framesPerBlock = framesPerBlock;
        _single = independentFirstFrame && givenFrames == 0;
        int givenSingle = independentFirstFrame && givenFrames > 0 ? 1 : 0;
        Given = Cut(givenFrames, givenSingle, framesPerBlock, "given");
        if ((newFrames - (_single ? 1 : 0)) % framesPerBlock != 0)
        {
            string rule = _single ? $"1 more than a multiple of {framesPerBlock}" : $"a multiple of {framesPerBlock}";
            throw new ArgumentException($"blocks: the number of latent frames to generate must be {rule}, got {newFrames}.", nameof(newFrames));
        }

        GivenFrames = givenFrames;
        NewFrames = newFrames;
        Blocks = (_single ? 1 : 0) + ((newFrames - (_single ? 1 : 0)) / framesPerBlock);
    }

    /// <summary>Sizes of the groups in which given frames go into the caches.</summary>
    public IReadOnlyList<int> Given { get; }

    /// <summary>Latent frames given at the start.</summary>
    public int GivenFrames { get; }

    /// <summary>Latent frames to generate.</summary>
    public int NewFrames { get; }

    /// <summary>Number of blocks to generate.</summary>
    public int Blocks { get; }

    /// <summary>Latent frames of a block.</summary>
    /// <param name="block">From 0.</param>
    public int FramesOf(int block) => _single && block == 0 ? 1 : _framesPerBlock;

    /// <summary>First latent frame of a block among the generated ones.</summary>
    /// <param name="block">From 0.</param>
    public int FirstOf(int block) => _single && block > 0 ? 1 + ((block - 1) * _framesPerBlock) : block * _framesPerBlock;

    private static int[] Cut(int frames, int single, int size, string what)
    {
        if ((frames - single) % size != 0)
        {
            string rule = single == 1 ? $"1 more than a multiple of {size}" : $"a multiple of {size} (a single image needs independent_first_frame)";
            throw new ArgumentException($"blocks: the number of latent frames {what} must be {rule}, got {frames}.");
        }

        int count = single + ((frames - single) / size);
        int[] sizes = new int[count];
        Array.Fill(sizes, size);
        if (single == 1)
        {
            sizes[0] = 1;
        }

        return sizes;
    }
}
