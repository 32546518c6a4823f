namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>Objects behind handles. A handle is never used twice, so a stale one is seen.</summary>
internal sealed class HandleTable
{
    private readonly Dictionary<nint, object> _objects = [];
    private nint _next = 0x1000;

    /// <summary>Gives an object a handle.</summary>
    public nint Add(object value)
    {
        _next += 16;
        _objects[_next] = value;
        return _next;
    }

    /// <summary>The object of a handle, or null if it has none of that type.</summary>
    public T? Find<T>(nint handle)
        where T : class => _objects.GetValueOrDefault(handle) as T;

    /// <summary>Makes a handle invalid.</summary>
    public void Remove(nint handle) => _objects.Remove(handle);

    /// <summary>All objects of a type, with their handles.</summary>
    public IReadOnlyList<(nint Handle, T Value)> All<T>()
        where T : class => [.. _objects.Where(pair => pair.Value is T).Select(pair => (pair.Key, (T)pair.Value))];
}
