using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Everything random in a step: each draw is a pure function of seed, step, purpose and index, so nothing has to be kept for a resumed run.</summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Step">Number of the optimiser step, from 0.</param>
/// <remarks>
/// Philox with the seed as key. Counter word 3 is the FNV-1a hash of the purpose, words 2 and 1 are step and index; of normals word 0 counts the
/// elements, see <see cref="PhiloxNormal"/>.
/// </remarks>
public readonly record struct TrainingDraws(ulong Seed, long Step)
{
    private const double Unit = 1.0 / (1UL << 53);

    /// <summary>A number from 0 up to, but not including, 1.</summary>
    /// <param name="purpose">What it is for; draws of different purposes are independent.</param>
    /// <param name="index">Which of them, such as the number of the micro-batch.</param>
    public double Uniform(string purpose, int index) => (Word(purpose, index) >> 11) * Unit;

    /// <summary>A whole number from 0 up to, but not including, <paramref name="end"/>.</summary>
    /// <param name="purpose">What it is for.</param>
    /// <param name="index">Which of them.</param>
    /// <param name="end">At least 1.</param>
    public int Whole(string purpose, int index, int end)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(end, 1);
        return (int)Math.BigMul(Word(purpose, index), (ulong)end, out _);
    }

    /// <summary>Standard normal numbers.</summary>
    /// <param name="pass">Where the tensor is to live.</param>
    /// <param name="shape">Shape, samples first; at most 65,536 samples.</param>
    /// <param name="purpose">What it is for.</param>
    /// <param name="index">Which of them, below 65,536.</param>
    public Tensor Normal(Pass pass, Shape shape, string purpose, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(index, (int)(ushort)index);
        return PhiloxNormal.Forward(pass, shape, (uint)index, unchecked((uint)Step), Hash(purpose), Seed);
    }

    // The highest bit of word 2 keeps numbers apart from normals of the same purpose.
    private ulong Word(string purpose, int index)
    {
        (uint low, uint high, _, _) = Philox.Block(0, unchecked((uint)index), unchecked((uint)Step) | (1U << 31), Hash(purpose), Seed);
        return ((ulong)high << 32) | low;
    }

    private static uint Hash(string purpose)
    {
        uint hash = 2166136261;
        foreach (char letter in purpose)
        {
            hash = unchecked((hash ^ letter) * 16777619);
        }

        return hash;
    }
}
