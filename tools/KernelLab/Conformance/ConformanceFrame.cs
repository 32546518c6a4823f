using System.Globalization;
using System.Text;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>
/// The PTX around a case's code: an entry with the result's address <c>d</c> and the inputs <c>a</c>, <c>b</c>, … as parameters; registers
/// <c>%p0…7</c>, <c>%h0…15</c> (16 bits), <c>%r0…31</c> (32), <c>%x0…15</c> (64), <c>%f0…159</c> (32); <c>%lane</c>, the number of the thread;
/// addresses in <c>%at_d</c>, <c>%at_a</c>, …; the elements of lane inputs in <c>%a</c>, <c>%b</c>, …; and <c>%d</c>, stored in the end.
/// </summary>
internal static class ConformanceFrame
{
    /// <summary>Name of the entry.</summary>
    public const string Entry = "conformance";

    /// <summary>Name of a parameter.</summary>
    public static string Parameter(int input) => ((char)('a' + input + (input > 2 ? 1 : 0))).ToString();

    /// <summary>The whole module.</summary>
    /// <param name="test">The case.</param>
    /// <param name="sets">Values of its file.</param>
    public static string Module(ConformanceCase test, IReadOnlyDictionary<string, ValueSet> sets)
    {
        StringBuilder text = new();
        Line(text, $".version 8.4\n.target {test.Target}\n.address_size 64");
        string parameters = string.Concat(test.Inputs.Select((input, i) => ",\n    " + Declaration(input, Parameter(i), sets)));
        Line(text, $".visible .entry {Entry}(\n    .param .u64 d{parameters})\n.maxntid {test.Threads}, 1, 1\n{{");
        Line(text, ".reg .pred %p<8>;\n.reg .b16 %h<16>;\n.reg .b32 %r<32>;\n.reg .b64 %x<16>;\n.reg .b32 %f<160>;\n.reg .b32 %lane;\n.reg .b64 %at_d;");
        if (test.SharedBytes > 0)
        {
            Line(text, $".shared .align 1024 .b8 space[{test.SharedBytes}];");
        }

        Line(text, "mov.u32 %lane, %tid.x;\nld.param.u64 %at_d, [d];");
        for (int i = 0; i < test.Inputs.Count; i++)
        {
            Load(text, test.Inputs[i], Parameter(i), sets);
        }

        if (test.StoresLane)
        {
            Line(text, Register(test.Rule.Type, "d"));
            Line(text, $"mad.wide.u32 %at_d, %lane, {ValueSet.WidthOf(test.Rule.Type)}, %at_d;");
        }

        foreach (string line in test.Code)
        {
            Line(text, line);
        }

        if (test.StoresLane)
        {
            Store(text, test.Rule.Type);
        }

        Line(text, "ret;\n}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');

    private static string Declaration(ConformanceInput input, string name, IReadOnlyDictionary<string, ValueSet> sets) => input.Kind switch
    {
        "value" => $".param .b{8 * sets[input.Set].Width} {name}",
        "map" => $".param .align 64 .b8 {name}[128]",
        _ => $".param .u64 {name}",
    };

    private static string Register(string type, string name) => type == "pred" ? $".reg .pred %{name};" : $".reg .b{Math.Max(16, 8 * ValueSet.WidthOf(type))} %{name};";

    private static void Load(StringBuilder text, ConformanceInput input, string name, IReadOnlyDictionary<string, ValueSet> sets)
    {
        if (input.Kind is not ("lane" or "array"))
        {
            return;
        }

        Line(text, $".reg .b64 %at_{name};\nld.param.u64 %at_{name}, [{name}];");
        if (input.Kind == "array")
        {
            return;
        }

        string type = sets[input.Set].Type;
        int width = ValueSet.WidthOf(type);
        Line(text, Register(type, name));
        Line(text, string.Create(CultureInfo.InvariantCulture, $"mad.wide.u32 %at_{name}, %lane, {width}, %at_{name};"));
        Line(text, type == "pred"
            ? $"ld.global.u8 %h15, [%at_{name}];\nsetp.ne.s16 %{name}, %h15, 0;"
            : $"ld.global.{(width == 1 ? "u8" : $"b{8 * width}")} %{name}, [%at_{name}];");
    }

    private static void Store(StringBuilder text, string type)
    {
        int width = ValueSet.WidthOf(type);
        Line(text, type == "pred"
            ? "selp.u32 %r31, 1, 0, %d;\nst.global.u8 [%at_d], %r31;"
            : $"st.global.{(width == 1 ? "u8" : $"b{8 * width}")} [%at_d], %d;");
    }
}
