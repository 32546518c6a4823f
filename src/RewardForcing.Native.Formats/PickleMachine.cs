using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Builds the plain values a checkpoint's pickle describes. Nothing is executed, imported or looked up.</summary>
/// <remarks>
/// A pickle is a program for a small machine with a stack. This machine knows the instructions that make containers and numbers;
/// of the instructions that would call something it knows three calls, which it answers itself. Anything else refuses the whole file.
/// </remarks>
internal sealed class PickleMachine
{
    private const int MaxValues = 8_000_000;
    private const int MaxMemo = 4_000_000;

    // PyTorch fills containers in batches of a thousand, a few levels deep.
    private const int MaxStack = 1 << 16;
    private const int MaxDepth = 64;
    private const int MaxProtocol = 5;
    private const int MaxGlobal = 255;
    private static readonly UTF8Encoding _utf8 = new(false, throwOnInvalidBytes: true);

    private readonly string _file;
    private readonly string _entry;
    private readonly byte[] _code;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;
    private int _instruction;
    private int _values;

    private PickleMachine(string file, string entry, byte[] code) => (_file, _entry, _code) = (file, entry, code);

    /// <summary>Reads a pickle.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="entry">The entry of <paramref name="file"/> it comes from, for messages.</param>
    /// <param name="code">All of it.</param>
    /// <exception cref="ModelFormatException">It is damaged, or does more than describe plain values and tensors.</exception>
    public static object? Read(string file, string entry, byte[] code)
    {
        PickleMachine machine = new(file, entry, code);
        return machine.Run();
    }

    private object? Run()
    {
        if (_code.Length == 0 || _code[0] != (byte)PickleOpcode.Protocol)
        {
            throw Error(_code.Length == 0 ? "is empty" : "is no pickle of protocol 2 or later");
        }

        while (true)
        {
            _instruction = _position;
            PickleOpcode opcode = (PickleOpcode)Take(1)[0];
            if (opcode == PickleOpcode.Stop)
            {
                break;
            }

            if (!TryConstant(opcode) && !TryContainer(opcode) && !TryMemo(opcode))
            {
                Other(opcode);
            }
        }

        if (_stack.Count != 1 || _marks.Count != 0)
        {
            throw Error($"is damaged: {_stack.Count} values are left at its end, expected 1");
        }

        return _position == _code.Length ? _stack[0] : throw Error($"goes on for {_code.Length - _position:N0} bytes behind its end");
    }

    private bool TryConstant(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.None:
                Push(null);
                return true;
            case PickleOpcode.True:
            case PickleOpcode.False:
                Push(opcode == PickleOpcode.True);
                return true;
            case PickleOpcode.BinInt:
                Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                return true;
            case PickleOpcode.BinInt1:
                Push((long)Take(1)[0]);
                return true;
            case PickleOpcode.BinInt2:
                Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                return true;
            case PickleOpcode.Long1:
                Push(Integer(Take(Take(1)[0])));
                return true;
            case PickleOpcode.Long4:
                Push(Integer(TakeSigned()));
                return true;
            case PickleOpcode.BinFloat:
                Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                return true;
            case PickleOpcode.ShortBinUnicode:
                Push(Text(Take(Take(1)[0])));
                return true;
            case PickleOpcode.BinUnicode:
                Push(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
                return true;
            case PickleOpcode.BinUnicode8:
                Push(Text(Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))));
                return true;
            case PickleOpcode.ShortBinString:
                Push(Encoding.Latin1.GetString(Take(Take(1)[0])));
                return true;
            case PickleOpcode.BinString:
                Push(Encoding.Latin1.GetString(TakeSigned()));
                return true;
            case PickleOpcode.ShortBinBytes:
                Push(new PickleOpaque($"{Take(Take(1)[0]).Length} bytes"));
                return true;
            case PickleOpcode.BinBytes:
                Push(new PickleOpaque($"{Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))).Length} bytes"));
                return true;
            default:
                return false;
        }
    }

    private bool TryContainer(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.EmptyTuple:
            case PickleOpcode.EmptyList:
                Push(new PickleSequence(opcode == PickleOpcode.EmptyTuple));
                return true;
            case PickleOpcode.EmptyDictionary:
                Push(new PickleDictionary());
                return true;
            case PickleOpcode.Mark:
                Count();
                _marks.Add(_stack.Count);
                return true;
            case PickleOpcode.Tuple:
                PushTuple(_stack.Count - TopMark());
                _marks.RemoveAt(_marks.Count - 1);
                return true;
            case PickleOpcode.Tuple1:
            case PickleOpcode.Tuple2:
            case PickleOpcode.Tuple3:
                PushTuple(1 + (opcode - PickleOpcode.Tuple1));
                return true;
            case PickleOpcode.Append:
                Append(1);
                return true;
            case PickleOpcode.Appends:
                int items = _stack.Count - TopMark();
                _marks.RemoveAt(_marks.Count - 1);
                Append(items);
                return true;
            case PickleOpcode.SetItem:
                SetItems(2);
                return true;
            case PickleOpcode.SetItems:
                int both = _stack.Count - TopMark();
                _marks.RemoveAt(_marks.Count - 1);
                SetItems(both);
                return true;
            default:
                return false;
        }
    }

    private bool TryMemo(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.BinGet:
                Push(Recall(Take(1)[0]));
                return true;
            case PickleOpcode.LongBinGet:
                Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                return true;
            case PickleOpcode.BinPut:
                Remember(Take(1)[0]);
                return true;
            case PickleOpcode.LongBinPut:
                Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                return true;
            case PickleOpcode.Memoize:
                Remember((uint)_memo.Count);
                return true;
            default:
                return false;
        }
    }

    private void Other(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Protocol:
                int protocol = Take(1)[0];
                _ = protocol <= MaxProtocol ? protocol : throw Error($"is of protocol {protocol}, expected at most {MaxProtocol}");
                break;
            case PickleOpcode.Frame:
                ulong length = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                _ = length <= (ulong)(_code.Length - _position) ? length : throw Error($"claims a frame of {length:N0} bytes, but {_code.Length - _position:N0} follow");
                break;
            case PickleOpcode.Pop:
                PopAny();
                break;
            case PickleOpcode.PopMark:
                _stack.RemoveRange(TopMark(), _stack.Count - TopMark());
                _marks.RemoveAt(_marks.Count - 1);
                break;
            case PickleOpcode.Global:
                Push(Global(Line(), Line()));
                break;
            case PickleOpcode.StackGlobal:
                object? name = Pop();
                Push(Pop() is string module && name is string text ? Global(module, text) : throw Error("names something by values that are no text"));
                break;
            case PickleOpcode.BinPersistentId:
                Push(PickleCalls.Storage(Pop()) ?? throw Error("refers to a storage in an invalid way, expected ('storage', a typed storage class, a plain key, a place, a count from 0)"));
                break;
            case PickleOpcode.Reduce:
                object? arguments = Pop();
                Push(Call(Pop(), arguments));
                break;
            case PickleOpcode.Build:
                // Attributes of a state dictionary, such as the versions of its modules.
                _ = Pop() is PickleDictionary && Peek() is PickleDictionary ? 0 : throw Error("sets attributes of something that is no dictionary");
                break;
            default:
                string shown = (char)opcode is > ' ' and <= '~' ? $"'{(char)opcode}'" : $"0x{(byte)opcode:X2}";
                throw Error($"uses the instruction {shown}, which no checkpoint of tensors needs");
        }
    }

    private PickleGlobal Global(string module, string name)
    {
        Count();
        return PickleCalls.Find(module, name)
            ?? throw Error($"names {Printable.Text($"{module}.{name}")}, which is neither a tensor nor a plain container; nothing was looked up or run; save the state_dict() alone with torch.save");
    }

    private object Call(object? target, object? arguments)
    {
        if (target is not PickleGlobal global || arguments is not PickleSequence { IsTuple: true } tuple)
        {
            throw Error("calls something that is no function, or without a tuple of arguments");
        }

        return PickleCalls.Call(global, tuple.Items) ?? throw Error($"calls {global.Name} with invalid arguments");
    }

    private void PushTuple(int count)
    {
        PickleSequence tuple = new(isTuple: true);
        Fill(tuple, PopMany(count));
        Push(tuple);
    }

    private void Append(int count)
    {
        object?[] items = PopMany(count);
        if (Peek() is not PickleSequence { IsTuple: false } list)
        {
            throw Error("appends to something that is no list");
        }

        Fill(list, items);
    }

    private void Fill(PickleSequence sequence, object?[] items)
    {
        foreach (object? item in items)
        {
            Put(sequence, item);
        }

        sequence.Items.AddRange(items);
    }

    private void Put(PickleContainer container, object? value)
    {
        container.Contains(value);
        if (container.Depth > MaxDepth)
        {
            throw Error($"is nested deeper than {MaxDepth} levels");
        }
    }

    private void SetItems(int count)
    {
        object?[] items = PopMany(count);
        if (count % 2 != 0 || Peek() is not PickleDictionary dictionary)
        {
            throw Error(count % 2 != 0 ? "is damaged: a key has no value" : "sets an item of something that is no dictionary");
        }

        for (int i = 0; i < count; i += 2)
        {
            if (items[i] is PickleDictionary or PickleSequence { IsTuple: false })
            {
                throw Error("has a dictionary with a list or a dictionary as key");
            }

            Put(dictionary, items[i]);
            Put(dictionary, items[i + 1]);
            dictionary.Items.Add((items[i], items[i + 1]));
        }
    }

    private void Remember(uint index)
    {
        _memo[index] = Peek();
        if (_memo.Count > MaxMemo)
        {
            throw Error($"remembers more than {MaxMemo:N0} values");
        }
    }

    private object? Recall(uint index) => _memo.TryGetValue(index, out object? value) ? value : throw Error($"is damaged: it recalls value {index}, which was never stored");

    private void Push(object? value)
    {
        Count();
        if (_stack.Count == MaxStack)
        {
            throw Error($"leaves more than {MaxStack:N0} values waiting");
        }

        _stack.Add(value);
    }

    private void Count()
    {
        if (++_values > MaxValues)
        {
            throw Error($"holds more than {MaxValues:N0} values");
        }
    }

    private int TopMark() => _marks.Count > 0 ? _marks[^1] : throw Error("is damaged: a mark is missing");

    private object? Peek() => _stack.Count > (_marks.Count > 0 ? _marks[^1] : 0) ? _stack[^1] : throw Error("is damaged: a value is missing");

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private void PopAny()
    {
        if (_marks.Count > 0 && _marks[^1] == _stack.Count)
        {
            _marks.RemoveAt(_marks.Count - 1);
        }
        else
        {
            Pop();
        }
    }

    private object?[] PopMany(int count)
    {
        int floor = _marks.Count > 0 ? Math.Min(_marks[^1], _stack.Count) : 0;
        if (_stack.Count - floor < count)
        {
            throw Error("is damaged: a value is missing");
        }

        object?[] values = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(_code.Length - _position))
        {
            throw Error($"ends too early: {count:N0} bytes were expected, {_code.Length - _position:N0} follow");
        }

        ReadOnlySpan<byte> bytes = _code.AsSpan(_position, (int)count);
        _position += (int)count;
        return bytes;
    }

    private ReadOnlySpan<byte> TakeSigned()
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(Take(4));
        return length >= 0 ? Take((ulong)length) : throw Error($"claims the length {length}");
    }

    private string Line()
    {
        ReadOnlySpan<byte> rest = _code.AsSpan(_position, Math.Min(MaxGlobal + 1, _code.Length - _position));
        int length = rest.IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Error("has a name without an end");
        }

        _position += length + 1;
        return Text(rest[..length]);
    }

    private string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return _utf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw Error("has a text that is not valid UTF-8", error);
        }
    }

    private static object Integer(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > sizeof(long))
        {
            return new PickleOpaque(string.Create(CultureInfo.InvariantCulture, $"an integer of {bytes.Length} bytes"));
        }

        Span<byte> wide = stackalloc byte[sizeof(long)];
        wide.Fill(bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? byte.MaxValue : (byte)0);
        bytes.CopyTo(wide);
        return BinaryPrimitives.ReadInt64LittleEndian(wide);
    }

    private ModelFormatException Error(string sentence, Exception? inner = null) =>
        new(_file, $"entry {Printable.Text(_entry)} {sentence} (its byte {_instruction:N0})", _entry, inner);
}
