using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Runs reference cases of one kind, whatever their sizes. Found by reflection; a kind is recognised by what is in the file, not by its name.</summary>
public abstract class GoldenRunner
{
    /// <summary>Whether the case is of this kind.</summary>
    /// <param name="file">The case.</param>
    public abstract bool Handles(GoldenFile file);

    /// <summary>Computes the case and compares every result with its reference.</summary>
    /// <param name="file">The case.</param>
    /// <param name="device">Where to compute.</param>
    public abstract IEnumerable<Comparison> Run(GoldenFile file, Device device);
}
