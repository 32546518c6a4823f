namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>Collects the cases of a family.</summary>
/// <param name="name">Name of the file.</param>
/// <param name="source">Where expected values come from.</param>
internal sealed class CaseFamily(string name, string source)
{
    /// <summary>Threads of a case that works lane by lane: all pairs of eight special values, and 32 random ones.</summary>
    public const int Lanes = 96;

    private readonly Dictionary<string, ValueSet> _sets = new(StringComparer.Ordinal);
    private readonly List<ConformanceCase> _cases = [];

    /// <summary>Adds values; those of a name that is there must be the same.</summary>
    public string Set(string key, string type, IEnumerable<ulong> bits)
    {
        _sets.TryAdd(key, new ValueSet(type, [.. bits]));
        return key;
    }

    /// <summary>The values of a set.</summary>
    public IReadOnlyList<ulong> Values(string key) => _sets[key].Bits;

    /// <summary>Adds a case.</summary>
    public void Add(ConformanceCase test) => _cases.Add(test);

    /// <summary>Adds a case of which each lane computes one value from its elements of the inputs.</summary>
    /// <param name="title">Name, the form first.</param>
    /// <param name="rule">Type and bound of the result.</param>
    /// <param name="inputs">Sets; those registers are <c>%a</c>, <c>%b</c>, <c>%c</c>.</param>
    /// <param name="code">Sets <c>%d</c>.</param>
    /// <param name="value">The definition.</param>
    public void AddLanes(string title, ResultRule rule, string[] inputs, string code, Func<ulong[], ulong> value) => Add(new ConformanceCase(
        title, rule, new ValueSet(rule.IsExact ? rule.Type : "f64", [.. Enumerable.Range(0, Lanes).Select(lane => value([.. inputs.Select(input => _sets[input].Bits[lane])]))]), code.Split('\n'))
    {
        Threads = Lanes,
        Inputs = [.. inputs.Select(static input => new ConformanceInput("lane", input))],
    });

    /// <summary>The family.</summary>
    public ConformanceFile Done() => new(name, source, _sets, _cases);
}
