namespace RewardForcing.Native.Testing.Cases;

/// <summary>Finds all cases: every class below this folder that can be made.</summary>
public static class OpCases
{
    /// <summary>All cases by name.</summary>
    public static IReadOnlyList<OpCase> All { get; } =
    [
        .. typeof(OpCase).Assembly.GetTypes()
            .Where(static type => type.IsSubclassOf(typeof(OpCase)) && !type.IsAbstract)
            .Select(static type => (OpCase)Activator.CreateInstance(type)!)
            .OrderBy(static test => test.Name, StringComparer.Ordinal),
    ];

    /// <summary>The case of an op.</summary>
    /// <param name="name">Stem of the op.</param>
    public static OpCase Of(string name) => All.Single(test => test.Name == name);
}
