namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>What a case gives its kernel as one parameter.</summary>
/// <param name="Kind">
/// <c>lane</c>: an array, of which each thread has the element of its number in a register of the parameter's name; <c>array</c>: an array, whose
/// address is in <c>%at_NAME</c>; <c>value</c>: by value, for the code to load; <c>map</c>: a tensor map, by value.
/// </param>
/// <param name="Set">Name of the values in the file; of a map also <c>d</c>, the result's memory.</param>
internal sealed record ConformanceInput(string Kind, string Set)
{
    /// <summary>The set that stands for the result's memory.</summary>
    public const string Result = "d";

    /// <summary>Element of a tensor map.</summary>
    public string Element { get; init; } = "";

    /// <summary>Extents of a tensor map, innermost first.</summary>
    public IReadOnlyList<int> Extents { get; init; } = [];

    /// <summary>Box of a tensor map.</summary>
    public IReadOnlyList<int> Box { get; init; } = [];

    /// <summary>Bytes of the swizzle of a tensor map.</summary>
    public int Swizzle { get; init; }
}
