using System.Globalization;

namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Loads and stores (PTX ISA 9.7.9): what is stored is loaded, whatever the space and the type.</summary>
internal static class MemoryCases
{
    private const int Threads = 32;
    private static readonly string[] Types = ["b8", "u8", "s8", "b16", "u16", "s16", "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"];

    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new("memory", "Loads and stores: the bytes that were there. A value loaded to a wider register is extended by its type's sign.");
        foreach (string type in Types)
        {
            int width = ValueSet.WidthOf(type);
            foreach (int vector in ((int[])[1, 2, 4]).Where(vector => vector * width <= 16))
            {
                foreach (string space in (string[])["global", "global.nc", "shared", "local", "generic", .. type is "u32" or "f32" or "u64" ? (string[])["volatile.global", "volatile.shared"] : []])
                {
                    Copy(family, space, type, vector);
                }
            }

            Parameter(family, type);
        }

        foreach (string type in (string[])["u8", "s8", "u16", "s16"])
        {
            Extended(family, type);
        }

        Atomics(family);
        return family.Done();
    }

    private static string Values(CaseFamily family, int width) => family.Set(
        $"m{8 * width}", $"b{8 * width}", Enumerable.Range(1, Threads * Math.Min(4, 16 / width)).Select(i => (0x9E3779B97F4A7C15UL * (ulong)i) >> (64 - (8 * width))));

    private static string Registers(int width, int vector)
    {
        string bank = width switch { <= 2 => "%h", 4 => "%f", _ => "%x" };
        string[] names = [.. Enumerable.Range(8, vector).Select(i => bank + i.ToString(CultureInfo.InvariantCulture))];
        return vector == 1 ? names[0] : $"{{{string.Join(", ", names)}}}";
    }

    private static void Copy(CaseFamily family, string space, string type, int vector)
    {
        int width = ValueSet.WidthOf(type), bytes = width * vector;
        string set = Values(family, width), registers = Registers(width, vector);
        string kind = (vector > 1 ? $".v{vector}" : string.Empty) + "." + type, prefix = space == "generic" ? string.Empty : "." + space;
        List<string> code = [$"mad.wide.u32 %x1, %lane, {bytes}, %at_a;", $"mad.wide.u32 %x2, %lane, {bytes}, %at_d;"];
        string load = $"ld{prefix}{kind}", store = $"st{(space == "global.nc" ? ".global" : prefix)}{kind}";
        if (space is "global" or "global.nc" or "volatile.global")
        {
            code.AddRange([$"{load} {registers}, [%x1];", $"{store} [%x2], {registers};"]);
        }
        else
        {
            string there = space == "local" ? "[depot+16]" : space == "generic" ? "[%x3]" : "[%r1]";
            code.InsertRange(0, space switch
            {
                "local" => [".local .align 16 .b8 depot[48];"],
                "generic" => ["mov.u64 %x3, space;", "cvta.shared.u64 %x3, %x3;", $"mad.wide.u32 %x3, %lane, {bytes}, %x3;"],
                _ => ["mov.u32 %r1, space;", $"mad.lo.u32 %r1, %lane, {bytes}, %r1;"],
            });
            string other = Zeroed(registers);
            code.AddRange([$"ld.global{kind} {registers}, [%x1];", $"{store} {there}, {registers};", .. other.Split('\n'), $"{load} {registers}, {there};", $"st.global{kind} [%x2], {registers};"]);
        }

        family.Add(new ConformanceCase(load, new ResultRule($"b{8 * width}"), new ValueSet($"b{8 * width}", [.. family.Values(set).Take(Threads * vector)]), code)
        {
            Covers = [store],
            StoresLane = false,
            SharedBytes = space is "shared" or "volatile.shared" or "generic" ? Threads * bytes : 0,
            Inputs = [new("array", set)],
        });
    }

    // So that the load, and not the registers, brings the values.
    private static string Zeroed(string registers)
    {
        string type = registers.Contains('h') ? "b16" : registers.Contains('f') ? "b32" : "b64";
        return string.Join('\n', registers.Trim('{', '}').Split(", ").Select(register => $"mov.{type} {register}, 0;"));
    }

    private static void Parameter(CaseFamily family, string type)
    {
        int width = ValueSet.WidthOf(type), register = Math.Max(2, width);
        string set = Values(family, width);
        string bank = width switch { <= 2 => "%h1", 4 => "%f1", _ => "%x1" };
        ulong first = new IntegerShape($"{(type[0] == 's' ? 's' : 'u')}{8 * width}") is { } from ? new IntegerShape($"s{8 * register}").Encode(from.Decode(family.Values(set)[0])) : 0;
        family.Add(new ConformanceCase($"ld.param.{type}", new ResultRule($"b{8 * register}"), new ValueSet($"b{8 * register}", [.. Enumerable.Repeat(first, Threads)]), [$"ld.param.{type} {bank}, [a];", $"mov.b{8 * register} %d, {bank};"])
        {
            Inputs = [new("value", set)],
        });
    }

    private static void Extended(CaseFamily family, string type)
    {
        IntegerShape from = new(type);
        string set = Values(family, from.Width / 8);
        foreach (string space in (string[])["global", "global.nc"])
        {
            family.Add(new ConformanceCase(
                $"ld.{space}.{type} extended", new ResultRule("b32"), new ValueSet("b32", [.. family.Values(set).Take(Threads).Select(bits => new IntegerShape("s32").Encode(from.Decode(bits)))]),
                [$"mad.wide.u32 %x1, %lane, {from.Width / 8}, %at_a;", $"ld.{space}.{type} %d, [%x1];"])
            {
                Inputs = [new("array", set)],
            });
        }
    }

    // All threads on one place, so that none may be lost; and each on its own, for what was there before.
    private static void Atomics(CaseFamily family)
    {
        foreach ((string operation, string[] types) in (ReadOnlySpan<(string, string[])>)[
            ("add", ["u32", "s32", "u64"]), ("min", ["u32", "s32", "u64", "s64"]), ("max", ["u32", "s32", "u64", "s64"]),
            ("and", ["b32", "b64"]), ("or", ["b32", "b64"]), ("xor", ["b32", "b64"])])
        {
            foreach (string type in types)
            {
                foreach (string space in (string[])["global", "shared"])
                {
                    Atomic(family, operation, type, space);
                }
            }
        }
    }

    private static void Atomic(CaseFamily family, string operation, string type, string space)
    {
        int width = ValueSet.WidthOf(type);
        IntegerShape shape = new(type.Replace('b', 'u'));
        string set = Values(family, width);
        ulong[] values = [.. family.Values(set).Take(Threads)];
        ulong Apply(ulong x, ulong y) => operation switch
        {
            "add" => shape.Encode(shape.Decode(x) + shape.Decode(y)),
            "min" => shape.Decode(x) <= shape.Decode(y) ? x : y,
            "max" => shape.Decode(x) >= shape.Decode(y) ? x : y,
            "and" => x & y,
            "or" => x | y,
            _ => x ^ y,
        };
        ulong first = operation is "and" or "min" && type[0] != 's' ? Samples.Mask(8 * width) : 0;
        string place = space == "shared" ? "%r1" : "%at_d", bank = width == 4 ? "%f" : "%x", bits = $"b{8 * width}";
        string[] setup = space == "shared" ? ["mov.u32 %r1, space;"] : [];
        string store = $"st.{space}.{bits} [{place}], {bank}8;";
        family.Add(new ConformanceCase($"red.{space}.{operation}.{type}", new ResultRule(bits), new ValueSet(bits, [values.Aggregate(first, Apply)]),
            [.. setup, $"mov.{bits} {bank}8, {(first == 0 ? 0 : -1)};", "setp.eq.u32 %p1, %lane, 0;", "@%p1 " + store, "bar.sync 0;", $"red.{space}.{operation}.{type} [{place}], %a;", "bar.sync 0;", .. space == "shared" ? (string[])[$"ld.shared.{bits} {bank}9, [%r1];", $"@%p1 st.global.{bits} [%at_d], {bank}9;"] : []])
        {
            StoresLane = false,
            SharedBytes = space == "shared" ? 8 : 0,
            Inputs = [new("lane", set)],
        });
        family.Add(new ConformanceCase($"atom.{space}.{operation}.{type}", new ResultRule(bits), new ValueSet(bits, [.. values.SelectMany(value => (ulong[])[first, Apply(first, value)])]),
            [.. setup, space == "shared" ? $"mad.lo.u32 %r1, %lane, {width}, %r1;" : $"mad.wide.u32 %x3, %lane, {2 * width}, %at_d;", $"mov.{bits} {bank}8, {(first == 0 ? 0 : -1)};",
                $"st.{space}.{bits} [{(space == "shared" ? "%r1" : $"%x3+{width}")}], {bank}8;", $"atom.{space}.{operation}.{type} {bank}9, [{(space == "shared" ? "%r1" : $"%x3+{width}")}], %a;",
                .. space == "shared" ? (string[])[$"mad.wide.u32 %x3, %lane, {2 * width}, %at_d;", $"ld.shared.{bits} {bank}10, [%r1];", $"st.global.{bits} [%x3+{width}], {bank}10;"] : [], $"st.global.{bits} [%x3], {bank}9;"])
        {
            StoresLane = false,
            SharedBytes = space == "shared" ? Threads * width : 0,
            Inputs = [new("lane", set)],
        });
    }
}
