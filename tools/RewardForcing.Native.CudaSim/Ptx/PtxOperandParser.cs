namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>Parses the operands of an instruction.</summary>
/// <param name="scan">The text, behind the opcode.</param>
/// <param name="module">For its variables.</param>
/// <param name="functions">Functions known so far.</param>
/// <param name="jump">Makes the label of a jump, to be resolved at the end of the kernel.</param>
internal sealed class PtxOperandParser(PtxScanner scan, PtxModule module, Dictionary<string, PtxFunction> functions, Func<string, PtxScope, PtxLabel> jump)
{
    public List<PtxOperand> List(string opcode, PtxScope scope)
    {
        var all = new List<PtxOperand>();
        while (scan.Peek() is not (';' or '\0'))
        {
            all.Add(One(opcode, scope));
            if (!scan.TryTake(','))
            {
                break;
            }
        }

        return all;
    }

    private PtxOperand One(string opcode, PtxScope scope)
    {
        char c = scan.Peek();
        int start = scan.Position;
        if (c is '{' or '(')
        {
            scan.Expect(c);
            List<PtxOperand> elements = Elements(opcode, scope, c == '{' ? '}' : ')');
            return new PtxOperand { Kind = PtxOperandKind.Vector, Text = scan.Since(start), Elements = elements };
        }

        if (c == '[')
        {
            return Address(opcode, scope);
        }

        if (c == '!')
        {
            scan.Expect('!');
            PtxRegister register = Register(scan.Name(), scope);
            return new PtxOperand { Kind = PtxOperandKind.Register, Text = scan.Since(start), Register = register, Negated = true };
        }

        if (c == '-' || char.IsAsciiDigit(c))
        {
            ulong bits = scan.Number(out bool isDouble);
            return new PtxOperand { Kind = PtxOperandKind.Immediate, Text = scan.Since(start), Bits = bits, IsDouble = isDouble };
        }

        PtxOperand operand = Named(scan.Name(), opcode, scope);
        if (!scan.TryTake('|'))
        {
            return operand;
        }

        PtxOperand second = Named(scan.Name(), opcode, scope);
        return new PtxOperand { Kind = operand.Kind, Text = scan.Since(start), Register = operand.Register, Pair = second };
    }

    private List<PtxOperand> Elements(string opcode, PtxScope scope, char end)
    {
        var elements = new List<PtxOperand>();
        while (!scan.TryTake(end))
        {
            elements.Add(One(opcode, scope));
            if (!scan.TryTake(','))
            {
                scan.Expect(end);
                break;
            }
        }

        return elements;
    }

    // [base], [base+offset], [base-offset], [base, {coordinates}]; base is a register, a variable or a number.
    private PtxOperand Address(string opcode, PtxScope scope)
    {
        int start = scan.Position;
        scan.Expect('[');
        PtxOperand place = One(opcode, scope);
        long offset = place.Offset;
        if (scan.TryTake('+'))
        {
            offset += (long)scan.Number(out _);
        }
        else if (scan.Peek() == '-')
        {
            offset += (long)scan.Number(out _);
        }

        List<PtxOperand> rest = [];
        if (scan.TryTake(','))
        {
            rest = Elements(opcode, scope, ']');
        }
        else
        {
            scan.Expect(']');
        }

        return new PtxOperand { Kind = PtxOperandKind.Address, Text = scan.Since(start), Base = place, Offset = offset, Elements = rest };
    }

    private PtxOperand Named(string name, string opcode, PtxScope scope)
    {
        if (name == "_")
        {
            return new PtxOperand { Kind = PtxOperandKind.Sink, Text = name };
        }

        if (name == "WARP_SZ")
        {
            return new PtxOperand { Kind = PtxOperandKind.Immediate, Text = name, Bits = 32 };
        }

        if (scope.FindRegister(name) is PtxRegister register)
        {
            return new PtxOperand { Kind = PtxOperandKind.Register, Text = name, Register = register };
        }

        if (opcode is "bra" or "brx")
        {
            return new PtxOperand { Kind = PtxOperandKind.Label, Text = name, Label = jump(name, scope) };
        }

        if (name[0] == '%')
        {
            string special = scan.TryDirective() is string part ? $"{name}.{part}" : name;
            return new PtxOperand { Kind = PtxOperandKind.Special, Text = special };
        }

        if (opcode == "call" && functions.ContainsKey(name))
        {
            return new PtxOperand { Kind = PtxOperandKind.Function, Text = name };
        }

        PtxVariable variable = scope.FindVariable(name) ?? module.Variables.GetValueOrDefault(name) ?? throw scan.Error($"'{name}' is not declared");
        long offset = opcode != "call" && scan.TryTake('+') ? (long)scan.Number(out _) : 0;
        return new PtxOperand { Kind = PtxOperandKind.Variable, Text = name, Variable = variable, Offset = offset };
    }

    private PtxRegister Register(string name, PtxScope scope) => scope.FindRegister(name) ?? throw scan.Error($"register '{name}' is not declared");
}
