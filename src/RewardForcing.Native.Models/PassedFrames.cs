using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Keys and values that recorded steps of earlier blocks computed, by the slots of the cache they were written to.</summary>
internal sealed class PassedFrames(int tokensPerFrame)
{
    private readonly Dictionary<(int Layer, int Sample), List<(int First, Tensor Keys, Tensor Values)>> _blocks = [];

    /// <summary>Remembers a block of a layer; the tensors live as long as their pass.</summary>
    public void Add(int layer, int sample, int firstSlot, Tensor keys, Tensor values)
    {
        if (!_blocks.TryGetValue((layer, sample), out List<(int First, Tensor Keys, Tensor Values)>? blocks))
        {
            _blocks[(layer, sample)] = blocks = [];
        }

        blocks.RemoveAll(block => block.First == firstSlot);
        blocks.Add((firstSlot, keys, values));
    }

    /// <summary>The block that a slot belongs to; shortens the range that starts there to what belongs to one block or to none.</summary>
    public (int First, Tensor Keys, Tensor Values)? Find(int layer, int sample, int slot, ref int end)
    {
        (int First, Tensor Keys, Tensor Values)? found = null;
        foreach ((int First, Tensor Keys, Tensor Values) block in _blocks.GetValueOrDefault((layer, sample)) ?? [])
        {
            int after = block.First + (block.Keys.Shape[0] / tokensPerFrame);
            if (slot >= block.First && slot < after)
            {
                (found, end) = (block, Math.Min(end, after));
            }
            else if (block.First > slot)
            {
                end = Math.Min(end, block.First);
            }
        }

        return found;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => _blocks.Clear();
}
