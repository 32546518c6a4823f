using RewardForcing.Native.Generation;

namespace RewardForcing.Native.Training;

/// <summary>
/// Which row or prompt is drawn when. The answer depends on the number of the draw alone, so a run that is resumed needs to remember nothing else.
/// </summary>
/// <remarks>
/// An epoch is PyTorch's <c>DistributedSampler</c> on one process: <c>randperm(n)</c> seeded with seed + epoch. The reference takes seed 0 and never tells the
/// sampler its epoch, so that every epoch and every run has the same order; that is <see cref="Reference"/>. Spec: training 5.1.
/// </remarks>
public sealed class DataOrder
{
    private readonly Lock _lock = new();
    private readonly ulong _seed;
    private readonly bool _reshuffles;
    private long _epoch = -1;
    private long[] _order = [];

    /// <summary>Makes an order.</summary>
    /// <param name="count">Rows there are.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="reshuffles">Whether every epoch has an order of its own.</param>
    /// <param name="batch">Rows of a batch: what is left at the end of an epoch and makes no whole batch is left out. 1 leaves out nothing.</param>
    /// <exception cref="ArgumentException">There is nothing to draw.</exception>
    public DataOrder(int count, ulong seed, bool reshuffles = true, int batch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        if (count < batch)
        {
            throw new ArgumentException($"data: {count} rows do not make one batch of {batch}; give more data or a smaller batch_size.", nameof(count));
        }

        (Count, _seed, _reshuffles) = (count, seed, reshuffles);
        EpochLength = count / batch * batch;
    }

    /// <summary>Rows there are.</summary>
    public int Count { get; }

    /// <summary>Draws of an epoch.</summary>
    public int EpochLength { get; }

    /// <summary>The reference's order: seed 0, the same in every epoch, incomplete batches left out.</summary>
    /// <param name="count">Rows there are.</param>
    /// <param name="batch">Rows of a batch.</param>
    public static DataOrder Reference(int count, int batch) => new(count, 0, reshuffles: false, batch);

    /// <summary>The row of a draw.</summary>
    /// <param name="draw">Draws made before it, over all epochs.</param>
    public int this[long draw]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(draw);
            long epoch = _reshuffles ? draw / EpochLength : 0;
            lock (_lock)
            {
                if (epoch != _epoch)
                {
                    _order = new TorchCpuRandom(unchecked(_seed + (ulong)epoch)).Permutation(Count);
                    _epoch = epoch;
                }

                return (int)_order[draw % EpochLength];
            }
        }
    }
}
