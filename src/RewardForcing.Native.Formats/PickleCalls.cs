namespace RewardForcing.Native.Formats;

/// <summary>The names a checkpoint may use, and what they mean here: values, made by this code alone.</summary>
internal static class PickleCalls
{
    private const string RebuildTensor = "torch._utils._rebuild_tensor_v2";
    private const string RebuildParameter = "torch._utils._rebuild_parameter";
    private const string OrderedDictionary = "collections.OrderedDict";

    // As torch.Tensor has them; more would not fit into a shape here, and are refused by name later.
    private const int MaxRank = 64;

    /// <summary>The allowed name, or null. Names are compared as a whole, so that no prefix or dot opens a way in.</summary>
    public static PickleGlobal? Find(string module, string name) => (module, name) switch
    {
        ("torch._utils", "_rebuild_tensor_v2") => new PickleGlobal(RebuildTensor),
        ("torch._utils", "_rebuild_parameter") => new PickleGlobal(RebuildParameter),
        ("collections", "OrderedDict") => new PickleGlobal(OrderedDictionary),
        ("torch", "DoubleStorage") => new PickleGlobal("torch.DoubleStorage", ElementType.F64),
        ("torch", "FloatStorage") => new PickleGlobal("torch.FloatStorage", ElementType.F32),
        ("torch", "HalfStorage") => new PickleGlobal("torch.HalfStorage", ElementType.F16),
        ("torch", "BFloat16Storage") => new PickleGlobal("torch.BFloat16Storage", ElementType.BF16),
        ("torch", "LongStorage") => new PickleGlobal("torch.LongStorage", ElementType.I64),
        ("torch", "IntStorage") => new PickleGlobal("torch.IntStorage", ElementType.I32),
        ("torch", "ShortStorage") => new PickleGlobal("torch.ShortStorage", ElementType.I16),
        ("torch", "CharStorage") => new PickleGlobal("torch.CharStorage", ElementType.I8),
        ("torch", "ByteStorage") => new PickleGlobal("torch.ByteStorage", ElementType.U8),
        ("torch", "BoolStorage") => new PickleGlobal("torch.BoolStorage", ElementType.Bool),
        _ => null,
    };

    /// <summary>The result of a call, or null if the arguments do not fit.</summary>
    public static object? Call(PickleGlobal target, List<object?> arguments) => target.Name switch
    {
        OrderedDictionary => arguments.Count == 0 ? new PickleDictionary() : null,
        RebuildTensor => Tensor(arguments),
        RebuildParameter => arguments is [PickleTensor tensor, bool, PickleDictionary or null] ? tensor : null,
        _ => null,
    };

    /// <summary>The storage that <c>('storage', class, key, place, count)</c> means; the place, such as <c>cuda:0</c>, does not matter. Null if it is anything else.</summary>
    public static PickleStorage? Storage(object? id) =>
        id is PickleSequence { IsTuple: true, Items: ["storage", PickleGlobal { Storage: ElementType type }, string key, string, long and >= 0 and long count] }
            && key.Length is > 0 and <= 64 && key.All(static character => char.IsAsciiLetterOrDigit(character) || character == '_')
            && count <= long.MaxValue / sizeof(double)
            ? new PickleStorage(type, key, count)
            : null;

    // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])
    private static PickleTensor? Tensor(List<object?> arguments) =>
        arguments is [PickleStorage storage, long offset, PickleSequence size, PickleSequence strides, bool, PickleDictionary or null, ..]
            && arguments.Count <= 7 && Numbers(size) is long[] extents && Numbers(strides) is long[] steps
            ? new PickleTensor(storage, offset, extents, steps)
            : null;

    private static long[]? Numbers(PickleSequence sequence) =>
        sequence.Items.Count <= MaxRank && sequence.Items.All(static item => item is long) ? [.. sequence.Items.Select(static item => (long)item!)] : null;
}
