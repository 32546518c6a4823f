namespace RewardForcing.Native.Ops;

/// <summary>One item of the work of a product: some columns, counted in panels, of some rows.</summary>
internal readonly record struct ProductPart(int FirstPanel, int Panels, long FirstRow, int Rows);
