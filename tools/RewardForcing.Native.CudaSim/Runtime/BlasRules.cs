using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>What cuBLASLt takes and what it does not (cuBLAS documentation, "cublasLtMatmul", tables of types and of epilogues).</summary>
internal static class BlasRules
{
    private const int VectorBytes = 16;

    /// <summary>Bytes of an element.</summary>
    public static int Bytes(BlasElement element) => element switch
    {
        BlasElement.Float32 => 4,
        BlasElement.Float16 or BlasElement.BFloat16 => 2,
        _ => 1,
    };

    /// <summary>Says what does not fit together, or null.</summary>
    public static string? Inconsistent(in BlasProduct product) => product.IsConsistent ? null
        : $"The extents of a matrix product do not fit together: A {Words(product.A, product.TransposeA)}, B {Words(product.B, product.TransposeB)}, " +
          $"C {Words(product.C, false)}, D {Words(product.D, false)}, batch {product.Batch}, auxiliary leading dimension {product.AuxLeadingDimension}.";

    /// <summary>Says what is not supported, or null.</summary>
    public static string? Unsupported(in BlasProduct product, in BlasAlignment alignment, DeviceProfile device)
    {
        bool isShort = IsEight(product.A.Element);
        return Types(product, device)
            ?? (isShort && !(product.TransposeA && !product.TransposeB) ? "8-bit floats need A transposed and B not." : null)
            ?? (product.Scaled && !isShort ? "Scales are for 8-bit floats only." : null)
            ?? (product.UsesAux && product.AuxLeadingDimension % 8 != 0 ? $"The auxiliary leading dimension {product.AuxLeadingDimension} is not a multiple of 8." : null)
            ?? Aligned("A", product.A, alignment.A, NeedsVectors(product))
            ?? Aligned("B", product.B, alignment.B, NeedsVectors(product))
            ?? Aligned("C", product.C, alignment.C, NeedsVectors(product))
            ?? Aligned("D", product.D, alignment.D, NeedsVectors(product))
            ?? Strides(product);
    }

    /// <summary>A proposal; its code remembers what it was made for.</summary>
    public static BlasAlgorithm Algorithm(in BlasProduct product, in BlasAlignment alignment, ulong workspaceBytes)
    {
        var algorithm = new BlasAlgorithm { WorkspaceBytes = (nuint)workspaceBytes, State = BlasStatus.Success, Waves = 1 };
        algorithm.Code[0] = (ulong)(uint)product.GetHashCode() | (1UL << 32);
        algorithm.Code[1] = ((ulong)alignment.A << 48) | ((ulong)alignment.B << 32) | ((ulong)alignment.C << 16) | (uint)alignment.D;
        return algorithm;
    }

    /// <summary>Says what is wrong with a proposal or with addresses, or null.</summary>
    public static string? Misused(in BlasProduct product, in BlasAlgorithm algorithm, in BlasOperands operands)
    {
        if (algorithm.State != BlasStatus.Success || algorithm.Code[0] != ((ulong)(uint)product.GetHashCode() | (1UL << 32)))
        {
            return "The algorithm was not proposed for this product.";
        }

        ulong said = algorithm.Code[1];
        foreach ((string name, ulong address, int shift) in new[] { ("A", operands.A, 48), ("B", operands.B, 32), ("C", operands.C, 16), ("D", operands.D, 0) })
        {
            int alignment = (int)(said >> shift & 0xFFFF);
            if (address % (ulong)alignment != 0)
            {
                return $"{name} at 0x{address:x} is not a multiple of {alignment}, as was said when the algorithm was proposed.";
            }
        }

        return algorithm.WorkspaceBytes == 0 ? null
            : operands.Workspace == 0 || operands.WorkspaceBytes < algorithm.WorkspaceBytes
                ? $"The algorithm needs {algorithm.WorkspaceBytes} bytes of scratch memory, and {(operands.Workspace == 0 ? 0 : operands.WorkspaceBytes)} are given."
            : operands.Workspace % 256 != 0 ? $"The scratch memory at 0x{operands.Workspace:x} is not a multiple of 256." : null;
    }

    private static bool IsEight(BlasElement element) => element is BlasElement.Float8E4M3 or BlasElement.Float8E5M2;

    // Epilogues and 8-bit floats exist only in kernels that load 16 bytes at a time.
    private static bool NeedsVectors(in BlasProduct product) => product.Epilogue != BlasEpilogue.Default || IsEight(product.A.Element);

    private static string? Types(in BlasProduct product, DeviceProfile device)
    {
        (BlasElement a, BlasElement b, BlasElement c, BlasElement d) = (product.A.Element, product.B.Element, product.C.Element, product.D.Element);
        bool isShort = IsEight(a) && IsEight(b);
        if (isShort ? a == BlasElement.Float8E5M2 && b == a : a != b)
        {
            return $"{a} and {b} are not multiplied with each other.";
        }

        if (isShort && device.Architecture < 89)
        {
            return $"{device.Name} does not multiply 8-bit floats.";
        }

        bool stores = isShort ? d != BlasElement.Float8E5M2 || a == d || b == d : d == a || d == BlasElement.Float32;
        if (!stores || (c != d && !(isShort && IsEight(d) && c is BlasElement.BFloat16 or BlasElement.Float16)))
        {
            return $"products of {a} are not stored as {d} with C as {c}.";
        }

        if (product.Compute == BlasCompute.FastTf32 && a != BlasElement.Float32)
        {
            return "Only binary32 is rounded to tf32.";
        }

        BlasElement bias = isShort && d != BlasElement.Float16 ? BlasElement.BFloat16 : d;
        return product.UsesBias && product.BiasElement != bias ? $"The bias of a product of {a} stored as {d} is {bias}, not {product.BiasElement}." : null;
    }

    private static string? Aligned(string name, in BlasMatrix matrix, int alignment, bool vectors)
    {
        int needed = vectors ? VectorBytes : Bytes(matrix.Element);
        return alignment < needed ? $"{name} is a multiple of {alignment} bytes, and {needed} are needed."
            : matrix.LeadingDimension * Bytes(matrix.Element) % needed != 0
                ? $"The leading dimension {matrix.LeadingDimension} of {name} takes {matrix.LeadingDimension * Bytes(matrix.Element)} bytes, which is not a multiple of {needed}."
            : null;
    }

    private static string? Strides(in BlasProduct product)
    {
        if (product.Batch == 1)
        {
            return null;
        }

        if (product.D.BatchStride == 0)
        {
            return "The results of a batch cannot all be the same matrix.";
        }

        bool gradient = product.Epilogue is BlasEpilogue.BiasGradientA or BlasEpilogue.BiasGradientB or BlasEpilogue.GeluGradientBiasGradient;
        return gradient ? "Gradients of a bias are not formed in batches." : null;
    }

    private static string Words(in BlasMatrix matrix, bool transposed) =>
        $"[{matrix.Rows}, {matrix.Columns}]{(transposed ? " transposed" : "")} with leading dimension {matrix.LeadingDimension}";
}
