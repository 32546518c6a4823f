using System.Globalization;

namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>Parses the body of a kernel, with the bodies of the functions it calls in place of the calls.</summary>
internal sealed class PtxBodyParser
{
    private const int DeepestCall = 16;

    private readonly PtxScanner _scan;
    private readonly PtxModule _module;
    private readonly PtxKernel _kernel;
    private readonly Dictionary<string, PtxFunction> _functions;
    private readonly Dictionary<int, string> _files;
    private readonly Dictionary<(int, int, int), SourceLocation> _locations = [];
    private readonly List<(string Name, PtxLabel Label, PtxScope Scope, int Line)> _unresolved = [];
    private readonly PtxOperandParser _operands;
    private SourceLocation? _source;

    public PtxBodyParser(PtxScanner scan, PtxModule module, PtxKernel kernel, Dictionary<string, PtxFunction> functions, Dictionary<int, string> files)
    {
        (_scan, _module, _kernel, _functions, _files) = (scan, module, kernel, functions, files);
        _operands = new PtxOperandParser(scan, module, functions, Jump);
    }

    public void Parse()
    {
        var scope = new PtxScope(null);
        foreach (PtxVariable parameter in _kernel.Parameters)
        {
            scope.Declare(parameter.Name, parameter);
        }

        Block(scope);
        Resolve();
        _kernel.SharedBytes = checked((int)PtxDeclarations.LayOut(_kernel.Shared));
        _kernel.LocalBytes = checked((int)PtxDeclarations.LayOut(_kernel.Local));
        foreach (PtxVariable variable in _module.Variables.Values)
        {
            if (variable.IsDynamic && variable.Space == PtxSpace.Shared)
            {
                _kernel.DynamicSharedAlignment = Math.Max(_kernel.DynamicSharedAlignment, variable.Alignment);
            }
        }
    }

    private void Block(PtxScope scope)
    {
        _scan.Expect('{');
        while (!_scan.TryTake('}'))
        {
            switch (_scan.Peek())
            {
                case '{':
                    Block(new PtxScope(scope));
                    break;
                case '.':
                    Directive(scope);
                    break;
                case ';':
                    _scan.Expect(';');
                    break;
                case '\0':
                    throw Error("'}' is missing");
                default:
                    if (_scan.AtLabel())
                    {
                        Label(scope);
                    }
                    else
                    {
                        Instruction(scope);
                    }

                    break;
            }
        }
    }

    private void Label(PtxScope scope)
    {
        string name = _scan.Name();
        _scan.Expect(':');
        if (scope.HasLabel(name))
        {
            throw Error($"label {name} is defined twice");
        }

        var label = new PtxLabel(name) { Position = _kernel.Code.Count };
        scope.Declare(label);
        _kernel.Labels.Add(label);
        int place = _scan.Position, line = _scan.Line;
        if (_scan.TryDirective() is not string word)
        {
            return;
        }

        if (word == "branchtargets")
        {
            var targets = new List<PtxLabel>();
            do
            {
                targets.Add(Jump(_scan.Name(), scope));
            }
            while (_scan.TryTake(','));
            _scan.Expect(';');
            label.Table = targets;
        }
        else
        {
            _scan.Seek(place, line);
        }
    }

    private void Directive(PtxScope scope)
    {
        string word = _scan.TryDirective()!;
        switch (word)
        {
            case "loc":
                Location(_scan.RestOfLine());
                break;
            case "reg":
                Registers(scope);
                break;
            case "pragma":
                _scan.Until(';');
                break;
            case "shared" or "local" or "param":
                PtxVariable variable = PtxDeclarations.Variable(_scan, PtxParser.Space(word), false);
                _scan.Expect(';');
                scope.Declare(variable.Name, variable);
                (word == "shared" ? _kernel.Shared : _kernel.Local).Add(variable);
                break;
            default:
                throw Error($"directive '.{word}' is not known here");
        }
    }

    // .loc file line column[, function_name label, inlined_at file line column]
    private void Location(string text)
    {
        int[] numbers = [.. text.Split([' ', '\t', ',', '+'], StringSplitOptions.RemoveEmptyEntries)
            .Where(word => char.IsAsciiDigit(word[0])).Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
        bool inlined = text.Contains("inlined_at", StringComparison.Ordinal);
        if (numbers.Length < (inlined ? 6 : 3))
        {
            throw Error($"'.loc {text}' is malformed");
        }

        SourceLocation? parent = null;
        if (inlined)
        {
            var key = (numbers[^3], numbers[^2], numbers[^1]);
            parent = _locations.GetValueOrDefault(key) ?? new SourceLocation(File(key.Item1), key.Item2, key.Item3, null);
        }

        _source = new SourceLocation(File(numbers[0]), numbers[1], numbers[2], parent);
        _locations[(numbers[0], numbers[1], numbers[2])] = _source;
    }

    private string File(int index) => _files.GetValueOrDefault(index, $"file {index}");

    private void Registers(PtxScope scope)
    {
        string word = _scan.TryDirective() ?? throw Error(".reg without a type");
        if (!PtxType.TryParse(word, out PtxType type) || type.Bytes > 8)
        {
            throw Error($"registers of type '.{word}' are not supported");
        }

        do
        {
            string name = _scan.Name();
            if (_scan.TryTake('<'))
            {
                int count = checked((int)_scan.Number(out _));
                _scan.Expect('>');
                for (int i = 0; i < count; i++)
                {
                    Register(scope, $"{name}{i}", type);
                }
            }
            else
            {
                Register(scope, name, type);
            }
        }
        while (_scan.TryTake(','));
        _scan.Expect(';');
    }

    private void Register(PtxScope scope, string name, PtxType type)
    {
        var register = new PtxRegister(name, type, _kernel.Registers.Count);
        _kernel.Registers.Add(register);
        scope.Declare(register);
    }

    private void Instruction(PtxScope scope)
    {
        _scan.Peek();
        int start = _scan.Position, line = _scan.Line;
        PtxRegister? guard = null;
        bool negated = false;
        if (_scan.TryTake('@'))
        {
            negated = _scan.TryTake('!');
            string name = _scan.Name();
            guard = scope.FindRegister(name) ?? throw Error($"predicate {name} is not declared");
        }

        string[] words = _scan.Opcode().Replace("::", "\0").Split('.');
        string[] modifiers = [.. words[1..].Select(word => word.Replace("\0", "::"))];
        List<PtxOperand> operands = _operands.List(words[0], scope);
        _scan.Expect(';');
        var instruction = new PtxInstruction
        {
            Opcode = words[0],
            Modifiers = modifiers,
            Operands = operands,
            Guard = guard,
            GuardNegated = negated,
            Line = line,
            Source = _source,
            Text = _scan.Since(start),
        };
        if (words[0] == "call")
        {
            Call(instruction, scope);
        }
        else if (words[0] == "ret" && scope.Return is PtxLabel end)
        {
            AddJump(instruction, end);
        }
        else
        {
            _kernel.Code.Add(instruction);
        }
    }

    private void AddJump(PtxInstruction from, PtxLabel to) => _kernel.Code.Add(new PtxInstruction
    {
        Opcode = "bra",
        Modifiers = [],
        Operands = [new PtxOperand { Kind = PtxOperandKind.Label, Text = to.Name, Label = to }],
        Guard = from.Guard,
        GuardNegated = from.GuardNegated,
        Line = from.Line,
        Source = from.Source,
        Text = from.Text,
    });

    // call[.uni] [(results),] function[, (arguments)];  a function with a body is read again here.
    private void Call(PtxInstruction call, PtxScope scope)
    {
        int at = call.Operands.ToList().FindIndex(operand => operand.Kind == PtxOperandKind.Function);
        if (at < 0 || call.Operands.Count > at + 2)
        {
            throw Error($"only direct calls are supported: {call.Text}");
        }

        PtxFunction function = _functions[call.Operands[at].Text];
        if (function.Body < 0)
        {
            _kernel.Code.Add(call); // vprintf and __assertfail; others are refused when the kernel is lowered
            return;
        }

        if (call.Guard is not null || scope.Depth == DeepestCall)
        {
            throw Error(call.Guard is not null ? $"a call under a predicate is not supported: {call.Text}" : $"calls of {function.Name} nest too deep, or without end");
        }

        var end = new PtxLabel($"end of {function.Name}");
        var inner = new PtxScope(null) { Return = end, Depth = scope.Depth + 1 };
        Bind(inner, function.Results, at > 0 ? call.Operands[0] : null, function);
        Bind(inner, function.Parameters, call.Operands.Count > at + 1 ? call.Operands[at + 1] : null, function);
        (int place, int line, SourceLocation? source) = (_scan.Position, _scan.Line, _source);
        _scan.Seek(function.Body, function.BodyLine);
        Block(inner);
        _scan.Seek(place, line);
        _source = source;
        end.Position = _kernel.Code.Count;
        _kernel.Labels.Add(end);
    }

    private void Bind(PtxScope scope, IReadOnlyList<PtxVariable> formal, PtxOperand? actual, PtxFunction function)
    {
        IReadOnlyList<PtxOperand> given = actual is null ? [] : actual.Kind == PtxOperandKind.Vector ? actual.Elements : [actual];
        if (given.Count != formal.Count)
        {
            throw Error($"{function.Name} takes {formal.Count} values, got {given.Count}");
        }

        for (int i = 0; i < given.Count; i++)
        {
            scope.Declare(formal[i].Name, given[i].Variable ?? throw Error($"{function.Name}: only .param variables can be passed, got {given[i].Text}"));
        }
    }

    private PtxLabel Jump(string name, PtxScope scope)
    {
        var label = new PtxLabel(name);
        _unresolved.Add((name, label, scope, _scan.Line));
        return label;
    }

    private void Resolve()
    {
        foreach ((string name, PtxLabel label, PtxScope scope, int line) in _unresolved)
        {
            PtxLabel target = scope.FindLabel(name) ?? throw new PtxException($"{_module.Name}: kernel {_kernel.Name}, PTX line {line}: label {name} is not defined.");
            label.Position = target.Position;
            label.Table = target.Table;
        }
    }

    private PtxException Error(string what) => _scan.Error($"kernel {_kernel.Name}: {what}");
}
