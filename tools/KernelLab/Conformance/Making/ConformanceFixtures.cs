namespace RewardForcing.Native.KernelLab.Conformance.Making;

/// <summary>All families, made anew; what is in <c>tests/fixtures/ptx</c> is what this makes.</summary>
internal static class ConformanceFixtures
{
    /// <summary>Makes them.</summary>
    public static IReadOnlyList<ConformanceFile> Make() =>
    [
        FloatCases.MakeApproximate(), CompareCases.Make(), ConvertCases.Make(), CopyCases.Make(), FloatCases.Make(), IntegerCases.Make(), MemoryCases.Make(), TensorCases.Make(), WarpCases.Make(), WarpgroupCases.Make(),
    ];
}
