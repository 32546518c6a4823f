using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Streaming attention on the processor, computed transposed: <c>Sᵀ = K Qᵀ</c>, then <c>Oᵀ += Vᵀ Pᵀ</c>.</summary>
/// <remarks>
/// A tile of queries fills the lanes, so the weights of a block of keys already are the packed right operand of the second product, and
/// keys and values are the left operands. Queries are packed once, keys and values block by block. Groups of tiles go through the keys
/// together, so that a block is packed once for all of them.
/// </remarks>
internal sealed unsafe class AttentionProblem : ITileWork
{
    // Queries that share a fetched block of keys and values. Fetching costs more than walking through packed queries and sums, which processors
    // foresee, so these may leave the second-level cache.
    private const int GroupQueries = 2048;

    // Multiply-adds that take some ten microseconds.
    private const long Grain = 1 << 19;

    private float* _bias;
    private long _biasRow;

    public AttentionProblem(CpuDevice cpu, Tensor q, Tensor k, Tensor v, float scale, AttentionMask mask, Tensor y)
    {
        (Cpu, Type, Scale, Mask) = (cpu, q.DType, scale, mask);
        (Q, Y, K, V) = (q.Address, new Elements(y), k.Address, v.Address);
        (Batch, Queries, Heads, Width) = (q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3]);
        Keys = k.Shape[1];
    }

    /// <summary>Whose memory and threads are used.</summary>
    public CpuDevice Cpu { get; }

    /// <summary>Element type of queries, keys, values and result.</summary>
    public DType Type { get; }

    /// <summary>The queries, <c>[B, L, N, D]</c>.</summary>
    public nint Q { get; }

    /// <summary>The keys, <c>[B, S, N, D]</c>.</summary>
    public nint K { get; }

    /// <summary>The values, <c>[B, S, N, D]</c>.</summary>
    public nint V { get; }

    /// <summary>The result, <c>[B, L, N, D]</c>.</summary>
    public Elements Y { get; }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>L.</summary>
    public int Queries { get; }

    /// <summary>S.</summary>
    public int Keys { get; }

    /// <summary>N.</summary>
    public int Heads { get; }

    /// <summary>D.</summary>
    public int Width { get; }

    /// <summary>Factor of the scores.</summary>
    public float Scale { get; }

    /// <summary>Which keys a query sees.</summary>
    public AttentionMask Mask { get; }

    /// <summary>
    /// Where to keep the largest score of each query, <c>[B, N, L]</c>, and behind them the inverse sums of <c>exp(score - largest)</c>, for a backward pass; null
    /// for nowhere. In one logarithm the two would lose a place, which all weights of a query share and which no sum over keys takes out again.
    /// </summary>
    public float* Statistics { get; init; }

    /// <summary>
    /// The keys that are gone through, as two ranges, the second maybe empty. Where the mask is the same for all queries no other key is ever touched: a
    /// cache holds anything there.
    /// </summary>
    public ((int From, int To) First, (int From, int To) Second) Visited
    {
        get
        {
            (int a0, int a1, int b0, int b1) = Mask.IsUniform ? Mask.Ranges(0, Keys) : (0, Keys, 0, 0);
            return ((a0, a1), (b0, b1));
        }
    }

    /// <summary>Whether scores get a bias.</summary>
    public bool HasBias => _bias != null;

    /// <summary>The first element of a row of a head.</summary>
    /// <param name="sample">Entry of the batch.</param>
    /// <param name="rows">Rows of the tensor: L or S.</param>
    /// <param name="row">Which of them.</param>
    /// <param name="head">Head.</param>
    public long Offset(int sample, int rows, int row, int head) => ((((long)sample * rows) + row) * Heads + head) * Width;

    /// <summary>Bytes of scratch memory <see cref="UseBias"/> takes.</summary>
    public static long BiasBytes(Tensor q, Tensor k, Tensor? bias) =>
        bias is null ? 0 : ScratchMemory.SizeOf<float>(q.Shape[2] * BiasRow(q.Shape[1], k.Shape[1]));

    /// <summary>Reverses the bias of every head, so that the entries of consecutive queries are consecutive, and pads it for the last tile.</summary>
    public void UseBias(Tensor bias, ScratchMemory memory)
    {
        int entries = bias.Shape[1];
        _biasRow = BiasRow(Queries, Keys);
        _bias = memory.Take<float>(Heads * _biasRow);
        Elements source = new(bias);
        for (int head = 0; head < Heads; head++)
        {
            Span<float> row = new(_bias + (head * _biasRow), checked((int)_biasRow));
            source.Widen((long)head * entries, row[..entries]);
            row[..entries].Reverse();
            row[entries..].Clear();
        }
    }

    /// <summary>The bias of a key and a query; those of the same key and the queries after it follow.</summary>
    public float* Bias(int head, int query, int key) => _bias + (head * _biasRow) + query - key + Keys - 1;

    /// <summary>Computes all rows.</summary>
    public void Run(SimdPath path) => SimdPaths.Run(path, this);

    // The longest tile that starts at the last query reads past the entries of the first key.
    private static long BiasRow(int queries, int keys) => (long)queries + keys - 1 + GroupQueries;

    /// <inheritdoc/>
    public void Run<TSimd, TVector, TTile>()
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
        where TTile : struct, ITile
    {
        int tiles = (Queries + TTile.Columns - 1) / TTile.Columns;
        long work = 2L * Batch * Heads * Queries * Keys * Width;
        bool small = Cpu.Workers.Threads == 1 || work < 2 * Grain;
        int perGroup = Math.Min(GroupQueries / TTile.Columns, tiles);
        while (!small && perGroup > 1 && (long)Batch * Heads * ((tiles + perGroup - 1) / perGroup) < 4L * Cpu.Workers.Threads)
        {
            perGroup--;
        }

        int groups = (tiles + perGroup - 1) / perGroup;
        int items = checked(Batch * Heads * groups);
        void Item(int item)
        {
            (int group, int head) = (item % groups, item / groups);
            int first = (int)((long)tiles * group / groups), end = (int)((long)tiles * (group + 1) / groups);
            using var work = new AttentionGroup<TSimd, TVector, TTile>(this, head / Heads, head % Heads, first * TTile.Columns, end - first);
            work.Compute();
        }

        if (small)
        {
            for (int item = 0; item < items; item++)
            {
                Item(item);
            }
        }
        else
        {
            Cpu.Workers.For(items, Item);
        }
    }
}
