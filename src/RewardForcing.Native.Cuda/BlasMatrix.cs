namespace RewardForcing.Native.Cuda;

/// <summary>How a column-major matrix, or a batch of them, is stored.</summary>
/// <param name="Element">Element type.</param>
/// <param name="Rows">Rows as stored, before any transposition.</param>
/// <param name="Columns">Columns as stored.</param>
/// <param name="LeadingDimension">Elements from one column to the next, at least <paramref name="Rows"/>.</param>
/// <param name="BatchStride">Elements from one matrix of the batch to the next; 0 uses the same matrix for all.</param>
/// <remarks>A row-major <c>[R, C]</c> tensor is a column-major matrix of C rows and R columns with leading dimension C.</remarks>
public readonly record struct BlasMatrix(BlasElement Element, long Rows, long Columns, long LeadingDimension, long BatchStride = 0);
