namespace RewardForcing.Native.MiniatureWorld;

/// <summary>One line, or one colour of bars.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="X">Places along the axis; null for 0, 1, 2 and so on.</param>
/// <param name="Y">Values.</param>
/// <param name="Spread">Half the height of each value's error bar; null for none.</param>
internal sealed record PlotSeries(string Name, double[]? X, double[] Y, double[]? Spread)
{
    /// <summary>Place of a value.</summary>
    public double At(int index) => X?[index] ?? index;

    /// <summary>Half the height of a value's error bar.</summary>
    public double SpreadAt(int index) => Spread?[index] ?? 0;
}
