using System.Buffers.Binary;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>The few opcodes of pickle protocol 2 that a dictionary of tensors needs.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _bytes = new();

    public PickleWriter()
    {
        Op(0x80);
        Op(2);
    }

    public byte[] Finish()
    {
        Op('.');
        return _bytes.ToArray();
    }

    public void BeginDictionary()
    {
        Op('}');
        Op('(');
    }

    /// <summary>Stores the items so far, so that no reader has to keep more than a batch of them waiting.</summary>
    public void NextBatch()
    {
        Op('u');
        Op('(');
    }

    public void EndDictionary() => Op('u');

    public void Tensor(WritableTensor tensor, string storageKey)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Op('(');
        Op('(');
        Text("storage");
        Global("torch", StorageClass(tensor));
        Text(storageKey);
        Text("cpu");
        Integer(tensor.Count);
        Op('t');
        Op('Q');
        Integer(0);
        Integers(tensor.Shape);
        Integers(Strides(tensor.Shape));
        Op(0x89);
        Global("collections", "OrderedDict");
        Op(')');
        Op('R');
        Op('t');
        Op('R');
    }

    public void Text(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        Op('X');
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        _bytes.Write(length);
        _bytes.Write(utf8);
    }

    private static string StorageClass(WritableTensor tensor) => tensor.Type switch
    {
        ElementType.F64 => "DoubleStorage",
        ElementType.F32 => "FloatStorage",
        ElementType.F16 => "HalfStorage",
        ElementType.BF16 => "BFloat16Storage",
        ElementType.I64 => "LongStorage",
        ElementType.I32 => "IntStorage",
        ElementType.I16 => "ShortStorage",
        ElementType.I8 => "CharStorage",
        ElementType.U8 => "ByteStorage",
        ElementType.Bool => "BoolStorage",
        _ => throw new ArgumentException($"{tensor.Name}: PyTorch has no typed storage for {tensor.Type}; write it as safetensors.", nameof(tensor)),
    };

    private static long[] Strides(long[] shape)
    {
        long[] strides = new long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(shape[i], 1);
        }

        return strides;
    }

    private void Integers(long[] values)
    {
        Op('(');
        foreach (long value in values)
        {
            Integer(value);
        }

        Op('t');
    }

    private void Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        if (value is >= 0 and <= byte.MaxValue)
        {
            Op('K');
            _bytes.Write(bytes[..1]);
        }
        else if (value is >= int.MinValue and <= int.MaxValue)
        {
            Op('J');
            _bytes.Write(bytes[..4]);
        }
        else
        {
            Op(0x8A);
            Op(8);
            _bytes.Write(bytes);
        }
    }

    private void Global(string module, string name)
    {
        Op('c');
        _bytes.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
    }

    private void Op(int code) => _bytes.WriteByte((byte)code);
}
