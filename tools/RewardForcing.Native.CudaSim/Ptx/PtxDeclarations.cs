using System.Globalization;

namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>Reads declarations of variables and parameters.</summary>
internal static class PtxDeclarations
{
    /// <summary>Reads from behind the space's directive to the end of the declaration, leaving the <c>; , )</c> behind it.</summary>
    /// <param name="scan">The text.</param>
    /// <param name="space">Space that was named.</param>
    /// <param name="isExternal">Whether <c>.extern</c> stood before.</param>
    public static PtxVariable Variable(PtxScanner scan, PtxSpace space, bool isExternal)
    {
        int alignment = 0;
        PtxType element = default;
        while (scan.TryDirective() is string word)
        {
            if (word == "align")
            {
                alignment = checked((int)scan.Number(out _));
            }
            else if (word is "ptr" or "const" or "global" or "local" or "shared" or "param" or "attribute" or "unified")
            {
                continue; // .ptr says what a pointer parameter points to; nothing follows from it here
            }
            else if (!PtxType.TryParse(word, out element))
            {
                throw scan.Error($"'.{word}' is not a type of a variable");
            }
        }

        if (element.Bytes == 0)
        {
            throw scan.Error("a variable without a type");
        }

        string name = scan.Name();
        (long count, bool unsized) = Extents(scan);
        var references = new List<PtxReference>();
        byte[]? initial = null;
        if (scan.TryTake('='))
        {
            initial = Initial(scan, element.Bytes, references, out long given);
            count = unsized ? given : count;
            unsized = false;
        }

        if (unsized && !isExternal)
        {
            throw scan.Error($"variable {name} has no size");
        }

        return new PtxVariable
        {
            Name = name,
            Space = space,
            Element = element,
            Alignment = alignment == 0 ? element.Bytes : alignment,
            Bytes = unsized ? 0 : count * element.Bytes,
            IsDynamic = unsized,
            Initial = initial,
            References = references,
        };
    }

    /// <summary>Reads a list of parameters in parentheses.</summary>
    public static List<PtxVariable> Parameters(PtxScanner scan)
    {
        var all = new List<PtxVariable>();
        scan.Expect('(');
        while (!scan.TryTake(')'))
        {
            string? space = scan.TryDirective();
            if (space != "param")
            {
                throw scan.Error($"parameters are '.param', found '{(space is null ? scan.Peek() : '.' + space)}'");
            }

            all.Add(Variable(scan, PtxSpace.Parameter, false));
            scan.TryTake(',');
        }

        return all;
    }

    /// <summary>Gives every variable the next offset of its alignment; returns the bytes used.</summary>
    public static long LayOut(IEnumerable<PtxVariable> variables, long start = 0)
    {
        foreach (PtxVariable variable in variables)
        {
            start = (start + variable.Alignment - 1) / variable.Alignment * variable.Alignment;
            variable.Offset = start;
            start += variable.Bytes;
        }

        return start;
    }

    private static (long Count, bool Unsized) Extents(PtxScanner scan)
    {
        long count = 1;
        bool unsized = false;
        while (scan.TryTake('['))
        {
            if (scan.TryTake(']'))
            {
                unsized = true;
                continue;
            }

            count *= checked((long)scan.Number(out _));
            scan.Expect(']');
        }

        return (count, unsized);
    }

    private static byte[] Initial(PtxScanner scan, int size, List<PtxReference> references, out long count)
    {
        var bytes = new List<byte>();
        int depth = 0;
        do
        {
            while (scan.TryTake('{'))
            {
                depth++;
            }

            char c = scan.Peek();
            if (c is '-' || char.IsAsciiDigit(c))
            {
                ulong bits = scan.Number(out bool isDouble);
                if (isDouble && size == 4)
                {
                    bits = BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(bits));
                }

                for (int i = 0; i < size; i++)
                {
                    bytes.Add((byte)(bits >> (8 * i)));
                }
            }
            else if (c != '}')
            {
                references.Add(Reference(scan, bytes.Count));
                bytes.AddRange(new byte[size]);
            }

            while (depth > 0 && scan.TryTake('}'))
            {
                depth--;
            }
        }
        while (scan.TryTake(',') || depth > 0);
        count = bytes.Count / size;
        return [.. bytes];
    }

    private static PtxReference Reference(PtxScanner scan, int offset)
    {
        string name = scan.Name();
        bool generic = name == "generic";
        if (generic)
        {
            scan.Expect('(');
            name = scan.Name();
            scan.Expect(')');
        }

        long addend = scan.TryTake('+') ? long.Parse(scan.Number(out _).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : 0;
        return new PtxReference(offset, name, addend, generic);
    }
}
