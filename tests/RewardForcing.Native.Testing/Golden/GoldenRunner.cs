using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Runs reference cases of one kind, whatever their sizes. Found by reflection; a kind is recognised by what is in the file, not by its name.</summary>
public abstract class GoldenRunner
{
    /// <summary>Whether the case is of this kind.</summary>
    /// <param name="file">The case.</param>
    public abstract bool Handles(GoldenFile file);

    /// <summary>Whether networks compute the case in the type of the file's <see cref="GoldenFile.Type"/>; else it has one type of its own.</summary>
    public virtual bool HasNetworks => false;

    /// <summary>Computes the case and compares every result with its reference.</summary>
    /// <param name="file">The case.</param>
    /// <param name="device">Where to compute.</param>
    public abstract IEnumerable<Comparison> Run(GoldenFile file, Device device);
}
