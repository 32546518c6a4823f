using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Table look-up.</summary>
public static class Embedding
{
    /// <summary>Gathers rows of a table.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="table">Rows, <c>[V, C]</c>; any float type, read in place.</param>
    /// <param name="ids">Row numbers, any shape <c>[...]</c>, I32.</param>
    /// <param name="dtype">Type of the result: F32 or BF16.</param>
    /// <returns><c>[..., C]</c>.</returns>
    /// <exception cref="ArgumentException">An id is not below V, or <paramref name="ids"/> is not I32.</exception>
    public static Tensor Forward(Pass pass, Tensor table, Tensor ids, DType dtype = DType.F32) => throw new NotImplementedException();
}
