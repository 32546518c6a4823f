using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <content>Reading from a checkpoint.</content>
public sealed partial class WanTransformer
{
    /// <summary>Reads the weights from a checkpoint of any known layout.</summary>
    /// <param name="device">Where they are to live.</param>
    /// <param name="config">Sizes; checkpoints of Reward Forcing and its relatives have those of <see cref="WanConfig.T2V1_3B"/>.</param>
    /// <param name="archive">Original or diffusers layout, or a <c>.pt</c> of Reward Forcing, Self Forcing, LongLive or CausVid; may be disposed afterwards.</param>
    /// <param name="options">Which set of weights, which type, a LoRA.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="WeightMismatchException">A tensor is missing, left over or of another shape; the message lists all of them.</exception>
    public static WanTransformer Load(
        Device device, WanConfig config, TensorArchive archive, WanLoadOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new WanLoadOptions();
        KeyMap map = WanKeyMap.For(config, archive.Entries.Select(static entry => entry.Name), options.Entry);
        WeightSet weights = WeightSet.Load(device, archive, map, config.Parameters(), options.CastTo, options.Adapter, cancellation);
        try
        {
            return new WanTransformer(config, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
