using System.Runtime.InteropServices;
using RewardForcing.Native.CudaSim.Instructions;
using RewardForcing.Native.CudaSim.Ptx;

namespace RewardForcing.Native.CudaSim.Execution;

/// <summary>Turns the instructions of a kernel into steps.</summary>
internal sealed unsafe class Lowering
{
    private readonly PtxModule _module;
    private readonly Func<PtxVariable, ulong> _addressOf;
    private readonly List<Operation> _operations = [];
    private readonly List<object> _objects = [];
    private readonly List<SpecialRegister> _specials = [];
    private readonly List<(int Column, ulong Bits, int Width)> _constants = [];
    private readonly Dictionary<(ulong, int), int> _constantColumns = [];
    private readonly Dictionary<PtxVariable, long> _sharedVariables = [];
    private readonly List<(int Width, int Column)> _temporaries = [];
    private readonly List<(PtxType From, PtxType To, int Source, int Target)> _pending = [];
    private readonly int[] _columns;
    private readonly BasicBlock[] _blocks;
    private readonly int[] _blockOf;
    private readonly ProductRegisters? _products;
    private int _end;
    private int _temporariesUsed;
    private int _accesses;

    private Lowering(PtxModule module, PtxKernel kernel, bool perturb, Func<PtxVariable, ulong> addressOf)
    {
        (_module, Kernel, Perturb, _addressOf) = (module, kernel, perturb, addressOf);
        (_blocks, _blockOf) = ControlFlow.Cut(kernel);
        _columns = Liveness.Assign(kernel, _blocks, 0, out _end);
        _products = ProductRegisters.Of(kernel, _blocks);
        PlaceShared();
    }

    /// <summary>The kernel.</summary>
    public PtxKernel Kernel { get; }

    /// <summary>Whether approximate results are disturbed.</summary>
    public bool Perturb { get; }

    /// <summary>Instruction that is being lowered.</summary>
    public PtxInstruction Current { get; private set; } = null!;

    /// <summary>Bytes of static shared variables.</summary>
    public int SharedBytes { get; private set; }

    /// <summary>Architecture as a number, such as 80 or 90.</summary>
    public int Architecture => int.Parse(new string([.. _module.Target.Where(char.IsAsciiDigit)]), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Lowers a kernel.</summary>
    /// <param name="module">Its module.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="perturb">Whether approximate results are disturbed.</param>
    /// <param name="addressOf">Addresses of the module's global and constant variables.</param>
    /// <exception cref="PtxException">An instruction is not known.</exception>
    public static KernelProgram Lower(PtxModule module, PtxKernel kernel, bool perturb, Func<PtxVariable, ulong> addressOf) =>
        new Lowering(module, kernel, perturb, addressOf).Run();

    /// <summary>Adds a step; the reference is good until the next one is added.</summary>
    public ref Operation Add(delegate*<Warp, Operation*, Operation*> run, int d = 0, int a = 0, int b = 0, int c = 0)
    {
        _operations.Add(new Operation { Run = run, D = d, A = a, B = b, C = c });
        return ref CollectionsMarshal.AsSpan(_operations)[^1];
    }

    /// <summary>Keeps an object for steps to refer to.</summary>
    public int AddObject(object value)
    {
        _objects.Add(value);
        return _objects.Count - 1;
    }

    /// <summary>Number for a memory access, under which warps remember the allocation it met last.</summary>
    public int AddAccess() => _accesses++;

    /// <summary>Column of a source operand, read as a type; an operand wider than the type is cut to it first.</summary>
    public int Source(PtxOperand operand, PtxType type)
    {
        switch (operand.Kind)
        {
            case PtxOperandKind.Register:
                return Adapt(_columns[operand.Register!.Index], operand.Register.Type, type);
            case PtxOperandKind.Immediate:
                return Constant(Number(operand, type), type.Width);
            case PtxOperandKind.Special:
                PtxType own = SpecialRegisters.TypeOf(operand.Text) ?? throw new UnknownFormException($"special register {operand.Text} is not known");
                return Adapt(Special(operand.Text, own), own, type);
            case PtxOperandKind.Variable:
                return Constant(AddressOf(operand.Variable!) + (ulong)operand.Offset, type.Width);
            default:
                throw new UnknownFormException($"operand {operand.Text} cannot be a source");
        }
    }

    /// <summary>Column of a predicate operand; a negated one is written to a fresh column first.</summary>
    public int Predicate(PtxOperand operand)
    {
        if (operand.Kind == PtxOperandKind.Immediate)
        {
            return Constant(operand.Bits & 1, 0);
        }

        if (operand.Register is not { Type.Kind: PtxKind.Predicate } register)
        {
            throw new UnknownFormException($"operand {operand.Text} must be a predicate");
        }

        int column = _columns[register.Index];
        if (operand.Negated)
        {
            int negated = Temporary(0);
            Add(&Predicates.Not, negated, column);
            return negated;
        }

        return column;
    }

    /// <summary>Column of a result of a type; a wider register gets it extended once the instruction is done.</summary>
    public int Target(PtxOperand operand, PtxType type)
    {
        if (operand.Kind == PtxOperandKind.Sink)
        {
            return Temporary(type.Width);
        }

        PtxRegister register = operand.Register ?? throw new UnknownFormException($"operand {operand.Text} cannot take a result");
        int column = _columns[register.Index];
        if (register.Type.Kind == PtxKind.Predicate != (type.Kind == PtxKind.Predicate) || register.Type.Bytes < type.Bytes && register.Type.Width < type.Width)
        {
            throw new UnknownFormException($"register {operand.Text} of type .{register.Type} cannot take a .{type}");
        }

        bool extends = register.Type.Width > type.Width || (register.Type.Bytes > type.Bytes && type.IsSigned);
        if (!extends)
        {
            return column;
        }

        int temporary = Temporary(type.Width);
        _pending.Add((type, register.Type, temporary, column));
        return temporary;
    }

    /// <summary>Column of a constant.</summary>
    public int Constant(ulong bits, int width)
    {
        bits = width == 8 ? bits : (uint)bits;
        if (!_constantColumns.TryGetValue((bits, width), out int column))
        {
            column = Column(width);
            _constantColumns[(bits, width)] = column;
            _constants.Add((column, bits, width));
        }

        return column;
    }

    /// <summary>A column that is used within this instruction only.</summary>
    public int Temporary(int width)
    {
        for (; _temporariesUsed < _temporaries.Count; _temporariesUsed++)
        {
            if (_temporaries[_temporariesUsed].Width == width)
            {
                return _temporaries[_temporariesUsed++].Column;
            }
        }

        _temporaries.Add((width, Column(width)));
        return _temporaries[_temporariesUsed++].Column;
    }

    /// <summary>Bits of a number, as a type.</summary>
    public static ulong Number(PtxOperand operand, PtxType type)
    {
        if (operand.Kind != PtxOperandKind.Immediate)
        {
            throw new UnknownFormException($"operand {operand.Text} must be a number");
        }

        ulong bits = operand.Bits;
        if (type is { Kind: PtxKind.Float, Bytes: 4, Packed: 1 } && operand.IsDouble)
        {
            return BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(bits));
        }

        return type.Bytes switch { 1 => (byte)bits, 2 => (ushort)bits, 4 => (uint)bits, _ => bits };
    }

    /// <summary>Address of a variable within its space, or in the generic space for parameters.</summary>
    public ulong AddressOf(PtxVariable variable) => variable.Space switch
    {
        PtxSpace.Shared when variable.IsDynamic => (ulong)(MemoryMap.SharedStart + DynamicStart),
        PtxSpace.Shared => (ulong)(MemoryMap.SharedStart + _sharedVariables[variable]),
        PtxSpace.Parameter when Kernel.Parameters.Contains(variable) => MemoryMap.ParameterWindow + (ulong)variable.Offset,
        PtxSpace.Local or PtxSpace.Parameter => (ulong)variable.Offset,
        _ => _addressOf(variable),
    };

    /// <summary>Whether a variable is an argument of the kernel, rather than of a function.</summary>
    public bool IsArgument(PtxVariable variable) => variable.Space == PtxSpace.Parameter && Kernel.Parameters.Contains(variable);

    private int DynamicStart => (SharedBytes + Kernel.DynamicSharedAlignment - 1) / Kernel.DynamicSharedAlignment * Kernel.DynamicSharedAlignment;

    private KernelProgram Run()
    {
        var starts = new int[_blocks.Length + 1];
        for (int b = 0; b < _blocks.Length; b++)
        {
            starts[b] = _operations.Count;
            Add(&Divergence.EnterBlock).Block = b;
            CollectionsMarshal.AsSpan(_operations)[^1].Instruction = _blocks[b].Start;
            for (int i = _blocks[b].Start; i < _blocks[b].End; i++)
            {
                Instruction(i, b);
            }
        }

        starts[^1] = _operations.Count;
        Add(&Divergence.Exit).Instruction = -1;
        var program = new KernelProgram(_module, Kernel, CollectionsMarshal.AsSpan(_operations), _blocks, _blockOf, _constants)
        {
            RegisterBytes = _end,
            LocalBytes = (Kernel.LocalBytes + 15) & ~15,
            SharedBytes = HasDynamic ? DynamicStart : SharedBytes,
            Objects = _objects,
            Specials = _specials,
            AccessCount = _accesses,
        };
        Link(program, starts);
        return program;
    }

    private bool HasDynamic => _module.Variables.Values.Any(variable => variable is { Space: PtxSpace.Shared, IsDynamic: true });

    private void Instruction(int index, int block)
    {
        Current = Kernel.Code[index];
        int first = _operations.Count;
        _temporariesUsed = 0;
        _pending.Clear();
        try
        {
            if (_products is not null)
            {
                ProductChecks.Emit(this, _products, index);
            }

            var modifiers = new Modifiers(Current);
            InstructionSet.Find(Current.Opcode)(this, Current, modifiers);
            modifiers.Done();
            foreach ((PtxType from, PtxType to, int source, int target) in _pending)
            {
                Conversions.Extend(this, from, to, target, source);
            }
        }
        catch (UnknownFormException unknown)
        {
            throw new PtxException($"{_module.Name}: kernel {Kernel.Name}, PTX line {Current.Line} ({Current.Source?.ToString() ?? "no source line"}): " +
                $"'{Current.Form}' is not executed by the simulator: {unknown.Message}; {Current.Text}");
        }

        Span<Operation> added = CollectionsMarshal.AsSpan(_operations)[first..];
        foreach (ref Operation operation in added)
        {
            operation.Instruction = index;
            operation.Block = block;
            if (Current.Guard is not null && Current.Opcode != "bra")
            {
                operation.Guarded = operation.Run;
                operation.Run = &Divergence.Guarded;
                operation.Guard = _columns[Current.Guard.Index];
                operation.GuardFlip = Current.GuardNegated ? uint.MaxValue : 0;
            }
        }
    }

    /// <summary>Column of the guard of a branch, which does the narrowing itself.</summary>
    public void SetGuard(ref Operation operation)
    {
        operation.Guard = _columns[Current.Guard!.Index];
        operation.GuardFlip = Current.GuardNegated ? uint.MaxValue : 0;
    }

    private void Link(KernelProgram program, int[] starts)
    {
        for (int i = 0; i < _operations.Count; i++)
        {
            Operation* o = program.Entry + i;
            PtxInstruction? instruction = program.InstructionOf(o);
            if (instruction is null)
            {
                continue;
            }

            // A branch knows its target, a collective the start of its own block.
            int target = instruction.Opcode == "bra" ? _blockOf[instruction.Operands[^1].Label!.Position] : o->Block;
            o->Target = program.Entry + starts[target];
        }

        foreach (object value in _objects)
        {
            if (value is nint[] table)
            {
                for (int i = 0; i < table.Length; i++)
                {
                    table[i] = (nint)(program.Entry + starts[_blockOf[(int)table[i]]]);
                }
            }
        }
    }

    private int Column(int width)
    {
        _end = width == 0 ? _end : (_end + 63) & ~63;
        int column = _end;
        _end += width switch { 0 => 4, 4 => 128, _ => 256 };
        return column;
    }

    private int Special(string name, PtxType type)
    {
        if (SpecialRegisters.ChangesWhileRunning(name))
        {
            int now = Temporary(type.Width);
            Add(&SpecialRegisters.Read, now).Object = AddObject(name);
            return now;
        }

        foreach (SpecialRegister known in _specials)
        {
            if (known.Name == name)
            {
                return known.Column;
            }
        }

        _specials.Add(new SpecialRegister(name, Column(type.Width)));
        return _specials[^1].Column;
    }

    private int Adapt(int column, PtxType own, PtxType wanted)
    {
        if (own.Kind == PtxKind.Predicate != (wanted.Kind == PtxKind.Predicate))
        {
            throw new UnknownFormException($"a register of type .{own} cannot be read as .{wanted}");
        }

        if (own.Width == 8 && wanted.Width == 4)
        {
            int low = Temporary(4);
            Conversions.Truncate(this, wanted.Bytes, low, column, 8);
            return low;
        }

        if (own.Bytes == 4 && wanted.Bytes == 2)
        {
            int low = Temporary(4);
            Conversions.Truncate(this, 2, low, column, 4);
            return low;
        }

        return own.Width == wanted.Width ? column : throw new UnknownFormException($"a register of type .{own} cannot be read as .{wanted}");
    }

    // Variables of the module that a kernel uses are placed behind its own.
    private void PlaceShared()
    {
        var all = new List<PtxVariable>(Kernel.Shared);
        foreach (PtxOperand operand in Kernel.Code.SelectMany(instruction => instruction.Operands))
        {
            Visit(operand);
        }

        long end = 0;
        foreach (PtxVariable variable in all)
        {
            end = (end + variable.Alignment - 1) / variable.Alignment * variable.Alignment;
            _sharedVariables[variable] = end;
            end += variable.Bytes;
        }

        SharedBytes = checked((int)end);

        void Visit(PtxOperand operand)
        {
            if (operand.Variable is { Space: PtxSpace.Shared, IsDynamic: false } variable && !all.Contains(variable))
            {
                all.Add(variable);
            }

            if (operand.Base is not null)
            {
                Visit(operand.Base);
            }

            foreach (PtxOperand element in operand.Elements)
            {
                Visit(element);
            }
        }
    }
}
