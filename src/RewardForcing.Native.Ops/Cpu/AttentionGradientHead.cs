using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The gradients of one head of one entry of the batch.</summary>
internal unsafe ref struct AttentionGradientHead<TSimd, TVector, TTile> : IDisposable
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TTile : struct, ITile
{
    private const int FewestBlockKeys = 128;

    // Tiles of queries that go through all keys together: first for their weights and the products with values, then, when the sums of those are known, for
    // everything else. Those sums could be had from the result and its gradient; but then rounding leaves a rest in the gradient of the keys.
    private const int GroupTiles = 4;

    private readonly AttentionGradient _gradient;
    private readonly AttentionProblem _problem;
    private readonly ScratchMemory _memory;
    private readonly AttentionBounds _bounds;
    private readonly int _sample;
    private readonly int _head;
    private readonly int _tiles;
    private readonly int _rows;
    private readonly int _panels;
    private readonly nint _pitch;
    private readonly float* _turnedQueries;
    private readonly float* _turnedGrads;
    private readonly float* _queries;
    private readonly float* _grads;
    private readonly float* _dq;
    private readonly float* _maxima;
    private readonly float* _inverses;
    private readonly float* _products;
    private readonly float* _keys;
    private readonly float* _values;
    private readonly float* _weights;
    private readonly float* _slopes;
    private readonly float* _dk;
    private readonly float* _dv;
    private readonly float* _columns;
    private readonly float* _dbias;

    public AttentionGradientHead(AttentionGradient gradient, int sample, int head)
    {
        (_gradient, _problem, _sample, _head) = (gradient, gradient.Problem, sample, head);
        int width = _problem.Width;
        _tiles = (_problem.Queries + Tile - 1) / Tile;
        // The last rows of a range may hang over its end, wherever that is.
        _rows = _problem.Keys + TTile.Rows;
        _panels = (width + Tile - 1) / Tile;
        _pitch = AttentionPacking.Pitch(width);
        long turned = (long)_tiles * width * Tile, rows = (long)_tiles * Tile * _panels * Tile, lanes = (long)_tiles * Tile;
        long weights = (long)Math.Min(GroupTiles, _tiles) * _rows * Tile, block = (long)_rows * _panels * Tile;
        Span<long> floats =
        [
            turned, turned, rows, rows, (long)_tiles * RoundUp(width, TTile.Rows) * Tile, lanes, lanes, _rows * _pitch, _rows * _pitch,
            weights, weights, block, block, (long)Math.Max(Tile, Transposition.Group) * RoundUp(Math.Max(width, TTile.Rows), Transposition.Group),
            AttentionBounds.FloatsFor(_problem, _tiles, Tile), gradient.Dbias == null ? 0 : _problem.Queries + _problem.Keys - 1L + (2L * Tile), lanes,
        ];
        long bytes = 0;
        foreach (long count in floats)
        {
            bytes += ScratchMemory.SizeOf<float>(count);
        }

        _memory = new ScratchMemory(_problem.Cpu, bytes);
        _turnedQueries = _memory.Take<float>(floats[0]);
        _turnedGrads = _memory.Take<float>(floats[1]);
        _queries = _memory.Take<float>(floats[2]);
        _grads = _memory.Take<float>(floats[3]);
        _dq = _memory.Take<float>(floats[4]);
        _maxima = _memory.Take<float>(floats[5]);
        _inverses = _memory.Take<float>(floats[16]);
        _products = _memory.Take<float>(floats[6]);
        _keys = _memory.Take<float>(floats[7]);
        _values = _memory.Take<float>(floats[8]);
        _weights = _memory.Take<float>(floats[9]);
        _slopes = _memory.Take<float>(floats[10]);
        _dk = _memory.Take<float>(floats[11]);
        _dv = _memory.Take<float>(floats[12]);
        _columns = _memory.Take<float>(floats[13]);
        _bounds = new AttentionBounds(_problem, _memory.Take<float>(floats[14]), 0, Tile);
        _dbias = gradient.Dbias == null ? null : _memory.Take<float>(floats[15]);
        if (_dbias != null)
        {
            new Span<float>(_dbias, checked((int)floats[15])).Clear();
        }

        new Span<float>(_dq, checked((int)floats[4])).Clear();
        new Span<float>(_dk, checked((int)block)).Clear();
        new Span<float>(_dv, checked((int)block)).Clear();
    }

    private static int Tile => TTile.Columns;

    // Whole tiles, so that no block but the last of a range writes past its keys.
    private static int BlockKeys => RoundUp(FewestBlockKeys, TTile.Rows);

    private readonly int RowFloats => _panels * Tile;

    /// <summary>Computes and stores everything.</summary>
    public readonly void Compute()
    {
        for (int tile = 0; tile < _tiles; tile++)
        {
            Pack(tile);
        }

        ((int, int) keys, (int, int) later) = _problem.Visited;
        PackKeys(keys);
        PackKeys(later);
        for (int tile = 0; tile < _tiles; tile += GroupTiles)
        {
            int tiles = Math.Min(GroupTiles, _tiles - tile);
            foreach (bool first in (ReadOnlySpan<bool>)[true, false])
            {
                Walk(tile, tiles, keys, first);
                Walk(tile, tiles, later, first);
            }
        }

        for (int tile = 0; tile < _tiles; tile++)
        {
            StoreQueries(tile);
        }

        for (int key = 0; key < _problem.Keys; key++)
        {
            StoreKey(key);
        }

        StoreBias();
    }

    /// <summary>Gives the memory back.</summary>
    public readonly void Dispose() => _memory.Dispose();

    private static int RoundUp(int value, int step) => (value + step - 1) / step * step;

    // Queries carry the scale of the scores, so the gradient of keys needs none.
    private readonly void Pack(int tile)
    {
        int width = _problem.Width, first = tile * Tile;
        long turned = (long)tile * width * Tile;
        AttentionPacking.Turned<TSimd, TVector>(_problem, _problem.Q, _sample, _head, first, Tile, _problem.Scale, _turnedQueries + turned, _columns);
        AttentionPacking.Turned<TSimd, TVector>(_problem, _gradient.OutputGrad, _sample, _head, first, Tile, 1, _turnedGrads + turned, _columns);
        _bounds.Write(tile);
        for (int lane = 0; lane < Tile; lane++)
        {
            int query = first + lane;
            float* row = AttentionPacking.Query(_problem, _problem.Q, _sample, _head, query, _columns);
            PutRow(row, _problem.Scale, _queries, query);
            float* grad = AttentionPacking.Query(_problem, _gradient.OutputGrad, _sample, _head, query, _columns);
            PutRow(grad, 1, _grads, query);
            _products[query] = 0;
            long at = ((((long)_sample * _problem.Heads) + _head) * _problem.Queries) + query, all = (long)_problem.Batch * _problem.Heads * _problem.Queries;
            _maxima[query] = query < _problem.Queries ? _gradient.Statistics[at] : 0;
            _inverses[query] = query < _problem.Queries ? _gradient.Statistics[all + at] : 0;
        }
    }

    // A row becomes a row of each panel, [panels, queries, Tile].
    private readonly void PutRow(float* row, float scale, float* panels, int query)
    {
        for (int panel = 0; panel < _panels; panel++)
        {
            float* target = panels + ((((long)panel * _tiles * Tile) + query) * Tile);
            for (int i = 0; i < Tile; i++)
            {
                int channel = (panel * Tile) + i;
                target[i] = channel < _problem.Width ? scale * row[channel] : 0;
            }
        }
    }

    private readonly void PackKeys((int From, int To) range)
    {
        for (int key = range.From; key < range.To; key++)
        {
            long at = _problem.Offset(_sample, _problem.Keys, key, _head);
            AttentionPacking.Copy(_problem, _problem.K, at, _keys + (key * _pitch));
            AttentionPacking.Copy(_problem, _problem.V, at, _values + (key * _pitch));
        }
    }

    private readonly void Walk(int firstTile, int tiles, (int From, int To) range, bool first)
    {
        for (int key = range.From; key < range.To; key += BlockKeys)
        {
            Group(firstTile, tiles, key, Math.Min(BlockKeys, range.To - key), first);
        }
    }

    private readonly void Group(int firstTile, int tiles, int firstKey, int count, bool first)
    {
        bool any = false;
        for (int i = 0; i < tiles; i++)
        {
            (bool some, bool all) = _bounds.Seen(firstTile + i, firstKey, count);
            any |= some;
            float* weights = Weights(_weights, i, firstKey), slopes = Weights(_slopes, i, firstKey);
            if (some && first)
            {
                Weigh(firstTile + i, firstKey, count, !all, weights, slopes);
            }
            else if (some)
            {
                AttentionBlock.Differentiate<TSimd, TVector>(weights, slopes, count, Tile, _products + ((firstTile + i) * Tile));
                AddToQueries(firstTile + i, firstKey, count, slopes);
                AddToBias(firstTile + i, firstKey, count, slopes);
            }
            else if (first)
            {
                new Span<float>(weights, count * Tile).Clear();
                new Span<float>(slopes, count * Tile).Clear();
            }
        }

        if (any && !first)
        {
            AddToKeys(_weights, _grads, _dv, firstTile, tiles, firstKey, count);
            AddToKeys(_slopes, _queries, _dk, firstTile, tiles, firstKey, count);
        }
    }

    private readonly float* Weights(float* all, int tile, int key) => all + ((((long)tile * _rows) + key) * Tile);

    // The weights of a tile of queries for a block of keys, and the products of output gradients and values.
    private readonly void Weigh(int tile, int firstKey, int count, bool hides, float* weights, float* slopes)
    {
        int width = _problem.Width;
        Multiply(_keys + (firstKey * _pitch), count, _turnedQueries + ((long)tile * width * Tile), weights);
        Multiply(_values + (firstKey * _pitch), count, _turnedGrads + ((long)tile * width * Tile), slopes);
        if (_problem.HasBias)
        {
            AttentionBlock.AddBias<TSimd, TVector>(weights, count, Tile, _problem.Bias(_head, tile * Tile, firstKey), _problem.Type == DType.BF16);
        }

        if (hides)
        {
            AttentionBlock.Hide<TSimd, TVector>(weights, firstKey, count, Tile, _bounds.Of(tile));
        }

        AttentionBlock.Weigh<TSimd, TVector>(weights, slopes, count, Tile, _maxima + (tile * Tile), _inverses + (tile * Tile), _products + (tile * Tile));
    }

    private readonly void AddToQueries(int tile, int firstKey, int count, float* slopes)
    {
        int width = _problem.Width;
        float* sums = _dq + ((long)tile * RoundUp(width, TTile.Rows) * Tile);
        float** rows = stackalloc float*[TTile.Rows];
        for (int d = 0; d < width; d += TTile.Rows, sums += TTile.Rows * Tile)
        {
            for (int r = 0; r < TTile.Rows; r++)
            {
                rows[r] = _keys + (firstKey * _pitch) + Math.Min(d + r, width - 1);
            }

            TTile.Multiply(1, rows, count, _pitch, slopes, sums, Tile, sums, Tile, 0);
        }
    }

    private readonly void Multiply(float* left, int count, float* panel, float* target)
    {
        float** rows = stackalloc float*[TTile.Rows];
        for (int key = 0; key < count; key += TTile.Rows)
        {
            for (int r = 0; r < TTile.Rows; r++)
            {
                rows[r] = left + (Math.Min(key + r, count - 1) * _pitch);
            }

            TTile.Multiply(1, rows, _problem.Width, 1, panel, target + ((long)key * Tile), Tile, null, 0, 0);
        }
    }

    // sums[key, d] += sum over the queries of some tiles of weights[key, query] * rows[query, d]
    private readonly void AddToKeys(float* weights, float* queries, float* sums, int firstTile, int tiles, int firstKey, int count)
    {
        float** rows = stackalloc float*[GroupTiles * TTile.Rows];
        for (int key = 0; key < count; key += TTile.Rows)
        {
            for (int i = 0; i < tiles * TTile.Rows; i++)
            {
                (int tile, int r) = (i / TTile.Rows, i % TTile.Rows);
                rows[i] = Weights(weights, tile, firstKey + Math.Min(key + r, count - 1));
            }

            for (int panel = 0; panel < _panels; panel++)
            {
                float* target = sums + ((long)(firstKey + key) * RowFloats) + (panel * Tile);
                float* right = queries + ((((long)panel * _tiles) + firstTile) * Tile * Tile);
                if (key + TTile.Rows <= count)
                {
                    TTile.Multiply(tiles, rows, Tile, 1, right, target, RowFloats, target, RowFloats, 0);
                    continue;
                }

                // Rows past the block may belong to the next one.
                TTile.Multiply(tiles, rows, Tile, 1, right, _columns, Tile, null, 0, 0);
                for (int r = 0; r < count - key; r++)
                {
                    Lanes.Add(new Span<float>(target + ((long)r * RowFloats), Tile), new ReadOnlySpan<float>(_columns + (r * Tile), Tile));
                }
            }
        }
    }

    // As the bias itself, its gradient is kept with the entries of consecutive queries next to each other.
    private readonly void AddToBias(int tile, int firstKey, int count, float* slopes)
    {
        if (_dbias == null)
        {
            return;
        }

        for (int key = 0; key < count; key++)
        {
            float* entries = _dbias + (tile * Tile) - (firstKey + key) + _problem.Keys - 1;
            Lanes.Add(new Span<float>(entries, Tile), new ReadOnlySpan<float>(slopes + ((long)key * Tile), Tile));
        }
    }

    private readonly void StoreKey(int key)
    {
        long at = _problem.Offset(_sample, _problem.Keys, key, _head);
        Store(_gradient.Dk, at, _dk + ((long)key * RowFloats));
        Store(_gradient.Dv, at, _dv + ((long)key * RowFloats));
    }

    private readonly void StoreQueries(int tile)
    {
        int width = _problem.Width, pitch = RoundUp(width, Transposition.Group), first = tile * Tile;
        float* sums = _dq + ((long)tile * RoundUp(width, TTile.Rows) * Tile);
        float** rows = stackalloc float*[Transposition.Group];
        for (int d = 0; d < width; d += Transposition.Group)
        {
            int group = Math.Min(Transposition.Group, width - d);
            for (int r = 0; r < group; r++)
            {
                rows[r] = sums + ((d + r) * Tile);
            }

            Transposition.Run(rows, group, Tile, _columns + d, pitch);
        }

        for (int lane = 0; lane < Math.Min(Tile, _problem.Queries - first); lane++)
        {
            float* row = _columns + ((long)lane * pitch);
            for (int d = 0; d < width; d++)
            {
                row[d] *= _problem.Scale;
            }

            Store(_gradient.Dq, _problem.Offset(_sample, _problem.Queries, first + lane, _head), row);
        }
    }

    private readonly void Store(Elements target, long at, float* values)
    {
        Span<float> row = new(values, _problem.Width);
        Span<float> place = target.Target(at, row.Length, row);
        row.CopyTo(place);
        target.Commit(at, place);
    }

    private readonly void StoreBias()
    {
        if (_dbias == null)
        {
            return;
        }

        int entries = _problem.Queries + _problem.Keys - 1;
        Span<float> target = new(_gradient.Dbias + ((((long)_sample * _problem.Heads) + _head) * entries), entries);
        new ReadOnlySpan<float>(_dbias, entries).CopyTo(target);
        target.Reverse();
    }
}
