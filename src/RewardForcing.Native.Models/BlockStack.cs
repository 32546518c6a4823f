using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The blocks of a transformer: all on the device, or in host memory and brought to it one after the other.</summary>
/// <remarks>
/// Streamed blocks take turns in two places of the device, so that one is filled while the work on the other is still queued. The order of the queue
/// keeps a place until the block before has passed.
/// </remarks>
internal sealed class BlockStack : IDisposable
{
    private const int Places = 2;
    private readonly WeightSet _weights;
    private readonly WanBlock[] _blocks;
    private readonly WeightSet[] _places = [];

    /// <summary>Builds the blocks on loaded weights.</summary>
    /// <param name="weights">All parameters of the network; those of blocks may be in host memory while the network is elsewhere.</param>
    /// <param name="config">Sizes.</param>
    public BlockStack(WeightSet weights, WanConfig config)
    {
        (_weights, Count) = (weights, config.Layers);
        IsStreamed = weights.Any(parameter => IsOfBlock(parameter.Name) && parameter.Value.Device != weights.Device);
        if (!IsStreamed)
        {
            _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new WanBlock(weights, layer, config))];
            return;
        }

        IReadOnlyList<Parameter> first = [.. weights.Where(static parameter => parameter.Name.StartsWith(NameOf(0), StringComparison.Ordinal))];
        List<WeightSet> places = [];
        try
        {
            for (int place = 0; place < Math.Min(Places, Count); place++)
            {
                places.Add(WeightSet.Like(weights.Device, first));
            }
        }
        catch
        {
            places.ForEach(static place => place.Dispose());
            throw;
        }

        _places = [.. places];
        _blocks = [.. _places.Select(place => new WanBlock(place, 0, config))];
    }

    /// <summary>Number of blocks.</summary>
    public int Count { get; }

    /// <summary>Whether weights are brought to the device for every use.</summary>
    public bool IsStreamed { get; }

    /// <summary>A block, its weights on the device or on their way there. Valid until the one after the next is asked for.</summary>
    public WanBlock this[int layer]
    {
        get
        {
            if (!IsStreamed)
            {
                return _blocks[layer];
            }

            int at = layer % _places.Length;
            string prefix = NameOf(layer);
            foreach (Parameter target in _places[at])
            {
                target.Value.CopyFrom(_weights[string.Concat(prefix, target.Name.AsSpan(NameOf(0).Length))].Value);
            }

            return _blocks[at];
        }
    }

    /// <summary>Whether a parameter belongs to a block.</summary>
    public static bool IsOfBlock(string name) => name.StartsWith("blocks.", StringComparison.Ordinal);

    /// <summary>Releases the places; the weights are the network's.</summary>
    public void Dispose() => Array.ForEach(_places, static place => place.Dispose());

    private static string NameOf(int layer) => $"blocks.{layer}.";
}
