using System.Globalization;
using System.Text.RegularExpressions;

namespace RewardForcing.Native.CudaSim.Ptx;

/// <summary>Parses a PTX text into a module.</summary>
internal sealed partial class PtxParser
{
    private readonly PtxScanner _scan;
    private readonly PtxModule _module;
    private readonly Dictionary<string, PtxFunction> _functions = [];
    private readonly Dictionary<int, string> _files = [];

    public PtxParser(string name, string text)
    {
        _scan = new PtxScanner(name, text);
        _module = new PtxModule(name);

        // Files are declared behind the code that names them.
        foreach (Match file in FileDirective().Matches(text))
        {
            string path = file.Groups[2].Value;
            _files[int.Parse(file.Groups[1].Value, CultureInfo.InvariantCulture)] = path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
        }
    }

    public PtxModule Parse()
    {
        while (_scan.Peek() != '\0')
        {
            Statement();
        }

        if (_module.Target.Length == 0)
        {
            throw _scan.Error("there is no .target");
        }

        return _module;
    }

    private void Statement()
    {
        bool isExternal = false;
        for (; ; )
        {
            string word = _scan.TryDirective() ?? throw _scan.Error($"a directive is expected, found '{_scan.Peek()}'");
            switch (word)
            {
                case "version":
                    string[] version = _scan.RestOfLine().Split('.', ' ', '\t');
                    _module.Version = (int.Parse(version[0], CultureInfo.InvariantCulture) * 10) + int.Parse(version[1], CultureInfo.InvariantCulture);
                    return;
                case "target":
                    _module.Target = _scan.RestOfLine().Split(',', ' ', '/')[0];
                    return;
                case "address_size" or "file":
                    _scan.RestOfLine();
                    return;
                case "pragma":
                    _scan.Until(';');
                    return;
                case "section":
                    _scan.Until('{');
                    _scan.Until('}');
                    return;
                case "extern":
                    isExternal = true;
                    break;
                case "visible" or "weak" or "common" or "noreturn":
                    break;
                case "entry":
                    Kernel();
                    return;
                case "func":
                    Function();
                    return;
                case "global" or "const" or "shared":
                    PtxVariable variable = PtxDeclarations.Variable(_scan, Space(word), isExternal);
                    _scan.Expect(';');
                    _module.Variables[variable.Name] = variable;
                    return;
                default:
                    throw _scan.Error($"directive '.{word}' is not known");
            }
        }
    }

    internal static PtxSpace Space(string word) => word switch
    {
        "global" => PtxSpace.Global,
        "const" => PtxSpace.Constant,
        "shared" => PtxSpace.Shared,
        "local" => PtxSpace.Local,
        _ => PtxSpace.Parameter,
    };

    private void Function()
    {
        IReadOnlyList<PtxVariable> results = _scan.Peek() == '(' ? PtxDeclarations.Parameters(_scan) : [];
        string name = _scan.Name();
        IReadOnlyList<PtxVariable> parameters = _scan.Peek() == '(' ? PtxDeclarations.Parameters(_scan) : [];
        var function = new PtxFunction { Name = name, Results = results, Parameters = parameters };
        while (_scan.TryDirective() is not null)
        {
            // .noreturn and its like say nothing about what a call does
        }

        if (_scan.Peek() == '{')
        {
            (function.Body, function.BodyLine) = (_scan.Position, _scan.Line);
            _scan.SkipBlock();
        }
        else
        {
            _scan.Expect(';');
        }

        if (function.Body >= 0 || !_functions.ContainsKey(name))
        {
            _functions[name] = function;
        }
    }

    private void Kernel()
    {
        var kernel = new PtxKernel(_scan.Name());
        if (_scan.Peek() == '(')
        {
            kernel.Parameters.AddRange(PtxDeclarations.Parameters(_scan));
        }

        kernel.ParameterBytes = checked((int)PtxDeclarations.LayOut(kernel.Parameters));
        while (_scan.TryDirective() is string word)
        {
            KernelDirective(kernel, word);
        }

        new PtxBodyParser(_scan, _module, kernel, _functions, _files).Parse();
        _module.Kernels.Add(kernel.Name, kernel);
    }

    private void KernelDirective(PtxKernel kernel, string word)
    {
        switch (word)
        {
            case "maxntid" or "reqntid":
                (int x, int y, int z) = Triple();
                kernel.MaxThreads = x * y * z;
                kernel.RequiredThreads = word == "reqntid" ? kernel.MaxThreads : 0;
                break;
            case "reqnctapercluster":
                kernel.Cluster = Triple();
                break;
            case "maxclusterrank":
                Triple();
                break;
            case "explicitcluster":
                kernel.ExplicitCluster = true;
                break;
            case "minnctapersm" or "maxnreg" or "maxnctapersm":
                _scan.Number(out _);
                break;
            case "noreturn":
                break;
            case "pragma":
                _scan.Until(';');
                break;
            default:
                throw _scan.Error($"kernel {kernel.Name}: directive '.{word}' is not known");
        }
    }

    private (int X, int Y, int Z) Triple()
    {
        var all = new int[] { 1, 1, 1 };
        for (int i = 0; i < 3; i++)
        {
            all[i] = checked((int)_scan.Number(out _));
            if (!_scan.TryTake(','))
            {
                break;
            }
        }

        return (all[0], all[1], all[2]);
    }

    [GeneratedRegex("^\\s*\\.file\\s+(\\d+)\\s+\"([^\"]*)\"", RegexOptions.Multiline)]
    private static partial Regex FileDirective();
}
