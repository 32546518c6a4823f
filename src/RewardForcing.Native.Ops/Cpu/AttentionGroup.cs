using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Some consecutive tiles of queries of one head, taken through all keys together.</summary>
internal unsafe ref struct AttentionGroup<TSimd, TVector, TTile> : IDisposable
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TTile : struct, ITile
{
    // Keys of a block: their scores for one tile fit beside keys and values in the second-level cache.
    private const int BlockKeys = 256;
    private const int CacheLine = 64;

    // Rows asked for before they are copied.
    private const int Ahead = 12;

    // Tiles over which the next block is asked for.
    private const int LateTiles = 8;

    private readonly AttentionProblem _problem;
    private readonly ScratchMemory _memory;
    private readonly int _sample;
    private readonly int _head;
    private readonly int _firstQuery;
    private readonly int _tiles;
    private readonly int _outputRows;
    private readonly int _blockKeys;
    private readonly nint _pitch;
    private readonly float* _packed;
    private readonly float* _outputs;
    private readonly float* _maxima;
    private readonly float* _sums;
    private readonly AttentionBounds _bounds;
    private readonly float* _scores;
    private readonly float* _columns;
    private readonly float* _keys;
    private readonly float* _values;
    private readonly bool* _started;

    public AttentionGroup(AttentionProblem problem, int sample, int head, int firstQuery, int tiles)
    {
        (_problem, _sample, _head, _firstQuery, _tiles) = (problem, sample, head, firstQuery, tiles);
        int width = problem.Width;
        _blockKeys = Math.Min(BlockKeys, problem.Keys);
        _outputRows = RoundUp(width, TTile.Rows);
        _pitch = AttentionPacking.Pitch(width);
        Span<long> floats =
        [
            (long)tiles * width * Tile, (long)tiles * _outputRows * Tile, (long)tiles * Tile, (long)tiles * Tile,
            AttentionBounds.FloatsFor(problem, tiles, Tile), (long)RoundUp(_blockKeys, TTile.Rows) * Tile,
            (long)Math.Max(Tile, Transposition.Group) * RoundUp(width, Transposition.Group),
            (long)_blockKeys * _pitch, (long)_blockKeys * _pitch,
        ];
        long bytes = ScratchMemory.SizeOf<bool>(tiles);
        foreach (long count in floats)
        {
            bytes += ScratchMemory.SizeOf<float>(count);
        }

        _memory = new ScratchMemory(problem.Cpu, bytes);
        _packed = _memory.Take<float>(floats[0]);
        _outputs = _memory.Take<float>(floats[1]);
        _maxima = _memory.Take<float>(floats[2]);
        _sums = _memory.Take<float>(floats[3]);
        _bounds = new AttentionBounds(problem, _memory.Take<float>(floats[4]), firstQuery, Tile);
        _scores = _memory.Take<float>(floats[5]);
        _columns = _memory.Take<float>(floats[6]);
        _keys = _memory.Take<float>(floats[7]);
        _values = _memory.Take<float>(floats[8]);
        _started = _memory.Take<bool>(tiles);
    }

    private static int Tile => TTile.Columns;

    /// <summary>Computes and stores the rows of this group.</summary>
    public readonly void Compute()
    {
        for (int tile = 0; tile < _tiles; tile++)
        {
            Pack(tile);
        }

        ((int from, int to), (int laterFrom, int laterTo)) = _problem.Visited;
        Walk(from, to);
        Walk(laterFrom, laterTo);

        for (int tile = 0; tile < _tiles; tile++)
        {
            Store(tile);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public readonly void Dispose() => _memory.Dispose();

    private static int RoundUp(int value, int step) => (value + step - 1) / step * step;

    private readonly void Pack(int tile)
    {
        AttentionPacking.Turned<TSimd, TVector>(_problem, _problem.Q, _sample, _head, _firstQuery + (tile * Tile), Tile, _problem.Scale, _packed + ((long)tile * _problem.Width * Tile), _columns);
        new Span<float>(_maxima + (tile * Tile), Tile).Fill(AttentionBlock.Unseen);
        new Span<float>(_sums + (tile * Tile), Tile).Clear();
        _started[tile] = false;
        _bounds.Write(tile);
    }

    private readonly void Walk(int from, int to)
    {
        for (int key = from; key < to; key += _blockKeys)
        {
            int count = Math.Min(_blockKeys, to - key);
            Pack(key, count, to);
            for (int tile = 0; tile < _tiles; tile++)
            {
                Foresee(tile, key + count, Math.Min(_blockKeys, to - key - count));
                (bool some, bool all) = _bounds.Seen(tile, key, count);
                if (some)
                {
                    Advance(tile, key, count, hides: !all);
                }
            }
        }
    }

    // Asks for the next block of keys while products keep the core busy: by and by over the last tiles, since the tiles before them would push it
    // out of the second-level cache again.
    private readonly void Foresee(int tile, int firstKey, int count)
    {
        int late = Math.Min(_tiles, LateTiles), step = tile - (_tiles - late);
        if (!Sse.IsSupported || step < 0)
        {
            return;
        }

        for (int key = count * step / late; key < count * (step + 1) / late; key++)
        {
            Prefetch(firstKey + key);
        }
    }

    // Keys and values of a block as floats, row after row without much between them. In the tensors the rows of a head are short and far apart:
    // they share few sets of the caches, and no processor foresees them, so each is asked for some rows before it is copied.
    private readonly void Pack(int first, int count, int end)
    {
        float* keys = _keys, values = _values;
        for (int key = first; key < first + count; key++, keys += _pitch, values += _pitch)
        {
            if (Sse.IsSupported && key + Ahead < end)
            {
                Prefetch(key + Ahead);
            }

            AttentionPacking.Copy(_problem, _problem.K, Offset(key), keys);
            AttentionPacking.Copy(_problem, _problem.V, Offset(key), values);
        }
    }

    private readonly void Prefetch(int key)
    {
        int bytes = _problem.Width * _problem.Type.Size();
        nint at = (nint)(Offset(key) * _problem.Type.Size());
        for (int line = 0; line < bytes; line += CacheLine)
        {
            Sse.Prefetch1((byte*)_problem.K + at + line);
            Sse.Prefetch1((byte*)_problem.V + at + line);
        }
    }

    private readonly long Offset(int key) => _problem.Offset(_sample, _problem.Keys, key, _head);

    // One block of keys for one tile of queries.
    private readonly void Advance(int tile, int firstKey, int count, bool hides)
    {
        int width = _problem.Width;
        float* output = _outputs + ((long)tile * _outputRows * Tile);
        float** rows = stackalloc float*[TTile.Rows];
        for (int key = 0; key < count; key += TTile.Rows)
        {
            for (int r = 0; r < TTile.Rows; r++)
            {
                rows[r] = _keys + (Math.Min(key + r, count - 1) * _pitch);
            }

            TTile.Multiply(1, rows, width, 1, _packed + ((long)tile * width * Tile), _scores + (key * Tile), Tile, null, 0, 0);
        }

        if (_problem.HasBias)
        {
            float* bias = _problem.Bias(_head, _firstQuery + (tile * Tile), firstKey);
            AttentionBlock.AddBias<TSimd, TVector>(_scores, count, Tile, bias, _problem.Type == DType.BF16);
        }

        if (hides)
        {
            AttentionBlock.Hide<TSimd, TVector>(_scores, firstKey, count, Tile, _bounds.Of(tile));
        }

        AttentionBlock.Softmax<TSimd, TVector>(_scores, count, Tile, _maxima + (tile * Tile), _sums + (tile * Tile), output, _started[tile] ? width : 0);
        for (int d = 0; d < width; d += TTile.Rows)
        {
            for (int r = 0; r < TTile.Rows; r++)
            {
                rows[r] = _values + Math.Min(d + r, width - 1);
            }

            float* sums = output + (d * Tile);
            TTile.Multiply(1, rows, count, _pitch, _scores, sums, Tile, _started[tile] ? sums : null, Tile, 0);
        }

        _started[tile] = true;
    }

    private readonly void KeepStatistics(int tile, int first)
    {
        if (_problem.Statistics == null)
        {
            return;
        }

        long at = ((((long)_sample * _problem.Heads) + _head) * _problem.Queries) + first, all = (long)_problem.Batch * _problem.Heads * _problem.Queries;
        for (int lane = 0; lane < Math.Min(Tile, _problem.Queries - first); lane++)
        {
            _problem.Statistics[at + lane] = _maxima[(tile * Tile) + lane];
            _problem.Statistics[all + at + lane] = _sums[(tile * Tile) + lane];
        }
    }

    private readonly void Store(int tile)
    {
        int width = _problem.Width, pitch = RoundUp(width, Transposition.Group), first = _firstQuery + (tile * Tile);
        float* output = _outputs + ((long)tile * _outputRows * Tile);
        if (!_started[tile])
        {
            new Span<float>(output, width * Tile).Clear();
        }

        float* factors = _sums + (tile * Tile);
        for (int lane = 0; lane < Tile; lane++)
        {
            factors[lane] = _maxima[(tile * Tile) + lane] == AttentionBlock.Unseen ? 0 : 1 / factors[lane];
        }

        KeepStatistics(tile, first);
        AttentionBlock.Scale<TSimd, TVector>(output, width, Tile, factors);
        float** rows = stackalloc float*[Transposition.Group];
        for (int d = 0; d < width; d += Transposition.Group)
        {
            int group = Math.Min(Transposition.Group, width - d);
            for (int r = 0; r < group; r++)
            {
                rows[r] = output + ((d + r) * Tile);
            }

            Transposition.Run(rows, group, Tile, _columns + d, pitch);
        }

        for (int lane = 0; lane < Math.Min(Tile, _problem.Queries - first); lane++)
        {
            long at = _problem.Offset(_sample, _problem.Queries, first + lane, _head);
            Span<float> values = new(_columns + ((long)lane * pitch), width);
            Span<float> target = _problem.Y.Target(at, width, values);
            values.CopyTo(target);
            _problem.Y.Commit(at, target);
        }
    }
}
