namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>One instruction form, a kernel that uses it, what the kernel is given, and what must come of it.</summary>
/// <param name="Name">Name; the form, and what else is said of it.</param>
/// <param name="Rule">How near the result must be.</param>
/// <param name="Want">Expected values, by the rule.</param>
/// <param name="Code">The kernel's body, in PTX; <see cref="ConformanceFrame"/> says what stands around it.</param>
internal sealed record ConformanceCase(string Name, ResultRule Rule, ValueSet Want, IReadOnlyList<string> Code)
{
    /// <summary>Forms the case stands for, besides those in its name's first word.</summary>
    public IReadOnlyList<string> Covers { get; init; } = [];

    /// <summary>Least architecture.</summary>
    public string Target { get; init; } = "sm_80";

    /// <summary>Threads of the block.</summary>
    public int Threads { get; init; } = 32;

    /// <summary>Bytes of shared memory, in the variable <c>space</c>.</summary>
    public int SharedBytes { get; init; }

    /// <summary>Parameters after the result: a, b, c and so on.</summary>
    public IReadOnlyList<ConformanceInput> Inputs { get; init; } = [];

    /// <summary>Whether the frame stores <c>%d</c> of each thread; else the code stores at <c>%at_d</c>.</summary>
    public bool StoresLane { get; init; } = true;

    /// <summary>All forms it stands for.</summary>
    public IEnumerable<string> Forms => Covers.Prepend(Name.Split(' ')[0]);
}
