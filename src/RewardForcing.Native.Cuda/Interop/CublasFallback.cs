using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda.Interop;

/// <summary>cuBLAS, for products without epilogue that cuBLASLt proposes nothing for, such as matrices aligned to one element only.</summary>
internal sealed unsafe partial class CublasFallback : IDisposable
{
    private const string Library = "cublas";

    // CUBLAS_GEMM_DEFAULT: the library chooses.
    private const int DefaultAlgorithm = -1;

    // No algorithm of cuBLASLt starts with this word.
    private const ulong Mark = ulong.MaxValue;

    private readonly nint _handle;

    private CublasFallback(nint handle) => _handle = handle;

    /// <summary>Opens a handle on the current context; null where the library is missing or does not start.</summary>
    public static CublasFallback? Open()
    {
        CudaLibraries.Find(CudaLibrary.Cublas, out nint library);
        if (library == 0)
        {
            return null;
        }

        LoadedLibraries.Bind(Library, library);
        nint handle = 0;
        return Create(&handle) == BlasStatus.Success ? new CublasFallback(handle) : null;
    }

    /// <summary>Whether an algorithm was proposed here.</summary>
    public static bool IsOwn(in BlasAlgorithm algorithm) => algorithm.Code[0] == Mark;

    /// <summary>Proposes this library, if it can do the product.</summary>
    public bool Propose(in BlasProduct product, out BlasAlgorithm algorithm)
    {
        algorithm = default;
        algorithm.Code[0] = Mark;
        return product is { Epilogue: BlasEpilogue.Default, Scaled: false } && product.C == product.D
            && long.Max(long.Max(product.D.Rows, product.D.Columns), product.Depth) <= int.MaxValue
            && long.Max(long.Max(product.A.LeadingDimension, product.B.LeadingDimension), product.D.LeadingDimension) <= int.MaxValue;
    }

    /// <summary>Multiplies.</summary>
    public BlasStatus Multiply(in BlasProduct product, in BlasOperands operands, nint stream)
    {
        // This call adds in place only.
        if (operands.Beta != 0 && operands.C != operands.D)
        {
            return BlasStatus.InvalidValue;
        }

        BlasStatus status = SetStream(_handle, stream);

        // Its own workspace would be allocated, which a captured stream does not allow.
        status = status == BlasStatus.Success ? SetWorkspace(_handle, operands.Workspace, (nuint)operands.WorkspaceBytes) : status;
        float alpha = operands.Alpha;
        float beta = operands.Beta;
        return status != BlasStatus.Success ? status : GemmStridedBatched(
            _handle, product.TransposeA ? 1 : 0, product.TransposeB ? 1 : 0, (int)product.D.Rows, (int)product.D.Columns, (int)product.Depth, &alpha,
            operands.A, product.A.Element, (int)product.A.LeadingDimension, product.A.BatchStride,
            operands.B, product.B.Element, (int)product.B.LeadingDimension, product.B.BatchStride, &beta,
            operands.D, product.D.Element, (int)product.D.LeadingDimension, product.D.BatchStride, product.Batch, product.Compute, DefaultAlgorithm);
    }

    public void Dispose() => Destroy(_handle);

    [LibraryImport(Library, EntryPoint = "cublasCreate_v2")]
    private static partial BlasStatus Create(nint* handle);

    [LibraryImport(Library, EntryPoint = "cublasDestroy_v2")]
    private static partial BlasStatus Destroy(nint handle);

    [LibraryImport(Library, EntryPoint = "cublasSetStream_v2")]
    private static partial BlasStatus SetStream(nint handle, nint stream);

    [LibraryImport(Library, EntryPoint = "cublasSetWorkspace_v2")]
    private static partial BlasStatus SetWorkspace(nint handle, ulong workspace, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasGemmStridedBatchedEx")]
    private static partial BlasStatus GemmStridedBatched(
        nint handle, int transposeA, int transposeB, int m, int n, int k, float* alpha, ulong a, BlasElement elementA, int lda, long strideA, ulong b,
        BlasElement elementB, int ldb, long strideB, float* beta, ulong c, BlasElement elementC, int ldc, long strideC, int batch, BlasCompute compute,
        int algorithm);
}
