using System.Globalization;
using System.Text;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Instructions;

/// <summary>Calls of the two functions that the device provides: <c>vprintf</c> and <c>__assertfail</c>. Their arguments are variables of the thread.</summary>
internal static unsafe class Calls
{
    private const int LongestText = 4096;

    public static void Lower(Lowering l, PtxInstruction i, Modifiers m)
    {
        m.Take("uni");
        PtxOperand function = i.Operands.First(operand => operand.Kind == PtxOperandKind.Function);
        PtxOperand[] arguments = [.. i.Operands[^1].Elements];
        switch (function.Text)
        {
            case "vprintf":
                int number = l.AddObject(new long[] { Offset(l, arguments[0]), Offset(l, arguments[1]), Offset(l, i.Operands[0].Elements[0]) });
                l.Add(&Print).Object = number;
                break;
            case "__assertfail":
                number = l.AddObject(new long[] { Offset(l, arguments[0]), Offset(l, arguments[1]), Offset(l, arguments[2]), Offset(l, arguments[3]) });
                l.Add(&AssertFailed).Object = number;
                break;
            default:
                throw new UnknownFormException($"function {function.Text} has no body");
        }
    }

    private static long Offset(Lowering l, PtxOperand operand) => (long)l.AddressOf(operand.Variable ?? throw new UnknownFormException($"{operand.Text} is no variable"));

    private static Operation* Print(Warp w, Operation* o)
    {
        var at = (long[])w.Program.Objects[o->Object];
        for (uint left = w.Mask; left != 0; left &= left - 1)
        {
            int lane = Warp.First(left);
            byte* local = w.Local + ((long)lane * w.LocalBytes);
            string format = Text(w, o, *(ulong*)(local + at[0]), lane);
            ulong values = *(ulong*)(local + at[1]);
            w.Block.Worker.Printed.Add(Format(w, o, lane, format, values, out int count));
            *(int*)(local + at[2]) = count;
        }

        return o + 1;
    }

    private static Operation* AssertFailed(Warp w, Operation* o)
    {
        var at = (long[])w.Program.Objects[o->Object];
        int lane = Warp.First(w.Mask);
        byte* local = w.Local + ((long)lane * w.LocalBytes);
        string condition = Text(w, o, *(ulong*)(local + at[0]), lane), file = Text(w, o, *(ulong*)(local + at[1]), lane);
        throw w.Fault(FindingKind.Assertion, o, lane, $"assertion `{condition}` failed at {file[(file.LastIndexOf('/') + 1)..]}:{*(uint*)(local + at[2])}");
    }

    private static string Text(Warp w, Operation* o, ulong address, int lane)
    {
        var text = new StringBuilder();
        for (int i = 0; i < LongestText; i++)
        {
            byte c = *Byte(w, o, address + (ulong)i, 1, lane);
            if (c == 0)
            {
                break;
            }

            text.Append((char)c);
        }

        return text.ToString();
    }

    private static byte* Byte(Warp w, Operation* o, ulong address, int bytes, int lane) => MemoryMap.SpaceOf(address) switch
    {
        PtxSpace.Local => MemoryAddress.Local(w, o, address - MemoryMap.LocalWindow, bytes, lane),
        PtxSpace.Shared => MemoryAddress.Shared(w, o, address - MemoryMap.SharedWindow, bytes, lane),
        _ => w.Block.Grid.Memory.Host(address, (ulong)bytes),
    };

    // Integers take 4 bytes or, with ll, 8; everything else takes 8; each at a multiple of its size.
    private static string Format(Warp w, Operation* o, int lane, string format, ulong values, out int count)
    {
        var text = new StringBuilder();
        ulong offset = 0;
        count = 0;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length || format[i + 1] == '%')
            {
                text.Append(format[i]);
                i += format[i] == '%' ? 1 : 0;
                continue;
            }

            int end = i + 1;
            while (end < format.Length - 1 && !"diouxXcfFeEgGaAsp".Contains(format[end]))
            {
                end++;
            }

            string flags = format[(i + 1)..end];
            char kind = format[end];
            bool wide = !"diouxXc".Contains(kind) || flags.Contains('l') || flags.Contains('z') || flags.Contains('j');
            ulong size = wide ? 8u : 4u;
            offset = (offset + size - 1) / size * size;
            byte* p = Byte(w, o, values + offset, (int)size, lane);
            offset += size;
            count++;
            text.Append(Value(w, o, lane, kind, flags, wide ? *(ulong*)p : *(uint*)p, wide));
            i = end;
        }

        return text.ToString();
    }

    private static string Value(Warp w, Operation* o, int lane, char kind, string flags, ulong bits, bool wide)
    {
        int dot = flags.IndexOf('.');
        int digits = dot >= 0 && int.TryParse(flags[(dot + 1)..], CultureInfo.InvariantCulture, out int given) ? given : 6;
        string value = kind switch
        {
            'd' or 'i' => (wide ? (long)bits : (int)bits).ToString(CultureInfo.InvariantCulture),
            'x' => bits.ToString("x", CultureInfo.InvariantCulture),
            'X' => bits.ToString("X", CultureInfo.InvariantCulture),
            'o' => Convert.ToString((long)bits, 8),
            'c' => ((char)bits).ToString(),
            'p' => $"0x{bits:x}",
            's' => Text(w, o, bits, lane),
            'u' => bits.ToString(CultureInfo.InvariantCulture),
            'e' or 'E' => BitConverter.UInt64BitsToDouble(bits).ToString($"{kind}{digits}", CultureInfo.InvariantCulture),
            'g' or 'G' => BitConverter.UInt64BitsToDouble(bits).ToString($"G{Math.Max(1, digits)}", CultureInfo.InvariantCulture),
            _ => BitConverter.UInt64BitsToDouble(bits).ToString($"F{digits}", CultureInfo.InvariantCulture),
        };
        string width = new([.. flags.TakeWhile(c => c != '.').Where(char.IsAsciiDigit)]);
        int places = width.Length > 0 ? int.Parse(width, CultureInfo.InvariantCulture) : 0;
        return flags.StartsWith('-') ? value.PadRight(places) : value.PadLeft(places, flags.StartsWith('0') ? '0' : ' ');
    }
}
