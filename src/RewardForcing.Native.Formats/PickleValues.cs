namespace RewardForcing.Native.Formats;

// What a pickle can hold here, beside null, bool, long, double and string.

/// <summary>A list, a tuple or a dictionary.</summary>
internal abstract class PickleContainer
{
    /// <summary>Levels of containers in it, itself included; 1 if it is empty. What is put into a part of it later does not count.</summary>
    public int Depth { get; private set; } = 1;

    /// <summary>Notes that a value was put into it.</summary>
    public void Contains(object? value) => Depth = value is PickleContainer inner ? Math.Max(Depth, inner.Depth + 1) : Depth;
}

/// <summary>A list or a tuple.</summary>
internal sealed class PickleSequence(bool isTuple) : PickleContainer
{
    public bool IsTuple { get; } = isTuple;

    public List<object?> Items { get; } = [];
}

/// <summary>A dictionary, in the order of the file; a key may be there twice.</summary>
internal sealed class PickleDictionary : PickleContainer
{
    public List<(object? Key, object? Value)> Items { get; } = [];
}

/// <summary>A value that nobody needs: bytes, or an integer beyond 64 bits.</summary>
internal sealed record PickleOpaque(string What);

/// <summary>One of the few names a checkpoint may use. It is compared, never looked up.</summary>
internal sealed record PickleGlobal(string Name, ElementType? Storage = null);

/// <summary>A piece of memory in an entry of its own.</summary>
internal sealed record PickleStorage(ElementType Type, string Key, long Count);

/// <summary>A view of a storage, not yet checked against it.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Size, long[] Strides);
