namespace RewardForcing.Native.Generation;

/// <summary>Makes solvers by kind and by name.</summary>
public static class FlowSolvers
{
    /// <summary>Makes a solver.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="shift">How far towards noise the steps are moved, above 0.</param>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    public static IFlowSolver Create(SolverKind kind, int steps, float shift) => kind switch
    {
        SolverKind.UniPc => new UniPcSolver(steps, shift),
        SolverKind.DpmPlusPlus => new DpmPlusPlusSolver(steps, shift),
        SolverKind.Euler => new EulerSolver(steps, shift),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "solver: not a kind of solver."),
    };

    /// <summary>Finds a kind by its name on the command line: <c>unipc</c>, <c>dpm++</c> or <c>euler</c>.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static SolverKind FromName(string name) => name switch
    {
        "unipc" => SolverKind.UniPc,
        "dpm++" => SolverKind.DpmPlusPlus,
        "euler" => SolverKind.Euler,
        _ => throw new ArgumentException($"sampler: expected unipc, dpm++ or euler, got {name}.", nameof(name)),
    };
}
