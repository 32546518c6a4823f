namespace RewardForcing.Native.Ops;

/// <summary>How a 2-D convolution walks its input: step and zero padding of each side, in pixels.</summary>
/// <param name="Stride">Step in both directions.</param>
/// <param name="Top">Rows of zeros above.</param>
/// <param name="Bottom">Rows of zeros below.</param>
/// <param name="Left">Columns of zeros left.</param>
/// <param name="Right">Columns of zeros right.</param>
public readonly record struct Conv2dPlan(int Stride, int Top, int Bottom, int Left, int Right)
{
    /// <summary>Step 1 and the same padding on all sides.</summary>
    public static Conv2dPlan Same(int padding) => new(1, padding, padding, padding, padding);
}
