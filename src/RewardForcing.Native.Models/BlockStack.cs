using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>The blocks of a transformer: all on the device, or in host memory and brought to it one after the other.</summary>
/// <remarks>
/// Streamed blocks take turns in two places of the device. While one block computes, the next is on its way to the other place, carried by a thread
/// and a queue of their own; a place is written again once the work that was given to the device before has passed. Passes may be broken off
/// anywhere: the next one finds the block it asks for or orders it anew. Belongs to one thread at a time.
/// </remarks>
/// <typeparam name="TBlock">What computes with the weights of one block.</typeparam>
internal sealed class BlockStack<TBlock> : IDisposable
    where TBlock : class
{
    private const int Places = 2;
    private readonly WeightSet _weights;
    private readonly TBlock[] _blocks = [];
    private readonly List<Place> _places = [];
    private readonly BlockCourier? _courier;

    /// <summary>Builds the blocks on loaded weights.</summary>
    /// <param name="weights">All parameters of the network; those of its blocks may be in host memory while the network is elsewhere.</param>
    /// <param name="count">Number of blocks.</param>
    /// <param name="build">Makes a block of a set of weights in which it has the given number.</param>
    public BlockStack(WeightSet weights, int count, Func<WeightSet, int, TBlock> build)
    {
        (_weights, Count) = (weights, count);
        IsStreamed = weights.Any(parameter => parameter.Name.StartsWith(NameOf(0), StringComparison.Ordinal) && parameter.Value.Device != weights.Device);
        if (!IsStreamed)
        {
            _blocks = [.. Enumerable.Range(0, count).Select(layer => build(weights, layer))];
            return;
        }

        Parameter[] first = [.. weights.Where(static parameter => parameter.Name.StartsWith(NameOf(0), StringComparison.Ordinal))];
        try
        {
            for (int place = 0; place < Math.Min(Places, count); place++)
            {
                WeightSet set = WeightSet.Like(weights.Device, first);
                _places.Add(new Place(set, build(set, 0)));
            }

            _courier = new BlockCourier(weights.Device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Number of blocks.</summary>
    public int Count { get; }

    /// <summary>Whether weights are brought to the device for every use.</summary>
    public bool IsStreamed { get; }

    /// <summary>A block, its weights on the device or on their way there. Valid until another one is asked for.</summary>
    public TBlock this[int layer]
    {
        get
        {
            if (!IsStreamed)
            {
                return _blocks[layer];
            }

            Place place = Order(layer, null);
            place.Arrive();
            if (Count > 1)
            {
                Order((layer + 1) % Count, place);
            }

            return place.Block;
        }
    }

    /// <summary>Whether a parameter of a network with streamed blocks takes memory of the device: those beside the blocks, and one block for each place.</summary>
    public static bool TakesMemory(string name) => !name.StartsWith("blocks.", StringComparison.Ordinal)
        || Enumerable.Range(0, Places).Any(place => name.StartsWith(NameOf(place), StringComparison.Ordinal));

    /// <summary>Releases the places; the weights are the network's.</summary>
    public void Dispose()
    {
        _courier?.Dispose();
        foreach (Place place in _places)
        {
            place.Forget();
            place.Weights.Dispose();
        }
    }

    private static string NameOf(int layer) => $"blocks.{layer}.";

    // The place that has a block or waits for it; if there is none, it is brought to one that is not in use.
    private Place Order(int layer, Place? inUse)
    {
        if (_places.Find(place => place.Layer == layer) is { } there)
        {
            return there;
        }

        Place free = _places.Find(place => place != inUse)!;
        string prefix = NameOf(layer);
        free.Expect(layer, _courier!.Bring(
            [.. free.Weights.Select(target => (_weights[string.Concat(prefix, target.Name.AsSpan(NameOf(0).Length))].Value, target.Value))]));
        return free;
    }

    private sealed class Place(WeightSet weights, TBlock block)
    {
        private Task<IQueueMark>? _arrival;

        public WeightSet Weights => weights;

        public TBlock Block => block;

        public int Layer { get; private set; } = -1;

        public void Expect(int layer, Task<IQueueMark> arrival)
        {
            Forget();
            (Layer, _arrival) = (layer, arrival);
        }

        // What was on its way is overwritten, or released, behind it.
        public void Forget()
        {
            if (_arrival is { } arrival)
            {
                Task.WaitAny(arrival);
                if (arrival.IsCompletedSuccessfully)
                {
                    arrival.Result.Dispose();
                }
            }

            (Layer, _arrival) = (-1, null);
        }

        // The caller's later work waits for the copy; the thread itself only until the copy has been given to the device.
        public void Arrive()
        {
            Task<IQueueMark>? arrival = _arrival;
            _arrival = null;
            if (arrival is null)
            {
                return;
            }

            try
            {
                using IQueueMark mark = arrival.GetAwaiter().GetResult();
                mark.Await();
            }
            catch
            {
                Layer = -1;
                throw;
            }
        }
    }
}
