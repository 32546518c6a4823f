namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Comparisons (PTX ISA 9.7.6).</summary>
internal static class CompareCases
{
    private static readonly (string Name, Func<int, bool> Holds)[] Ordered =
    [
        ("eq", static order => order == 0), ("ne", static order => order != 0), ("lt", static order => order < 0),
        ("le", static order => order <= 0), ("gt", static order => order > 0), ("ge", static order => order >= 0),
    ];

    /// <summary>Makes the family.</summary>
    public static ConformanceFile Make()
    {
        CaseFamily family = new("compare", "Comparisons of exact values. Of floats those without u are false, and those with u true, where one is not a number.");
        ResultRule rule = new("pred");
        foreach (IntegerShape type in IntegerShape.Arithmetic)
        {
            int width = type.Width;
            string a = family.Set($"a{width}", $"b{width}", Samples.Integers(width, Samples.Place.First, width)), b = family.Set($"b{width}", $"b{width}", Samples.Integers(width, Samples.Place.Second, width));
            foreach ((string name, Func<int, bool> holds) in Ordered)
            {
                void Add(string form) => family.AddLanes(form, rule, [a, b], $"{form} %d, %a, %b;", v => holds(type.Decode(v[0]).CompareTo(type.Decode(v[1]))) ? 1UL : 0);
                Add($"setp.{name}.{type.Name}");
                if (!type.IsSigned && name is "eq" or "ne" && !type.IsSigned)
                {
                    Add($"setp.{name}.b{width}");
                }
            }
        }

        foreach (string type in (string[])["f32", "f64"])
        {
            Floats(family, type, rule);
        }

        return family.Done();
    }

    private static void Floats(CaseFamily family, string type, ResultRule rule)
    {
        FloatShape shape = ResultRule.ShapeOf(type)!;
        string a = family.Set($"a{type}", type, Samples.Floats(shape, Samples.Place.First, 31)), b = family.Set($"b{type}", type, Samples.Floats(shape, Samples.Place.Second, 31));
        void Add(string name, Func<int, bool> holds, bool unordered) => family.AddLanes($"setp.{name}.{type}", rule, [a, b], $"setp.{name}.{type} %d, %a, %b;", v =>
            (shape.IsNotANumber(v[0]) || shape.IsNotANumber(v[1]) ? unordered : holds(ExactNumber.Compare(shape.Decode(v[0]), shape.Decode(v[1])))) ? 1UL : 0);
        foreach ((string name, Func<int, bool> holds) in Ordered)
        {
            Add(name, holds, false);
            Add(name + "u", holds, true);
        }

        Add("num", static _ => true, false);
        Add("nan", static _ => false, true);
    }
}
