namespace RewardForcing.Native.Generation;

/// <summary>How samplers of many steps go from noise to a video.</summary>
public enum SolverKind
{
    /// <summary>UniPC of order 2, the default of Wan.</summary>
    UniPc,

    /// <summary>DPM-Solver++ 2M.</summary>
    DpmPlusPlus,

    /// <summary>Euler's method.</summary>
    Euler,
}
