namespace RewardForcing.Native.Training;

/// <summary>What has to live as long as a training pass, released together.</summary>
public sealed class KeptResources : IDisposable
{
    private readonly List<IDisposable> _kept = [];

    /// <summary>Takes something over.</summary>
    /// <param name="resource">Released with the others.</param>
    public T Keep<T>(T resource)
        where T : IDisposable
    {
        _kept.Add(resource);
        return resource;
    }

    /// <summary>Releases everything.</summary>
    public void Dispose()
    {
        _kept.ForEach(static resource => resource.Dispose());
        _kept.Clear();
    }
}
