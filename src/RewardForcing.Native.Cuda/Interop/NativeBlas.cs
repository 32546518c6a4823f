using System.Runtime.InteropServices;

namespace RewardForcing.Native.Cuda.Interop;

/// <summary>cuBLASLt, with cuBLAS for plain products that cuBLASLt has no algorithm for.</summary>
internal sealed unsafe partial class NativeBlas : CudaBlas
{
    private const string Library = "cublasLt";
    private const int Float32 = (int)BlasElement.Float32;

    private readonly nint _handle;
    private readonly CublasFallback? _fallback;

    // Descriptors cost microseconds to make and are the same for every call of a shape.
    private readonly Dictionary<BlasProduct, Descriptors> _descriptors = [];

    private NativeBlas(nint handle, string version, CublasFallback? fallback)
    {
        _handle = handle;
        _fallback = fallback;
        Version = version;
    }

    private enum ProductAttribute
    {
        TransposeA = 3,
        TransposeB = 4,
        Epilogue = 7,
        BiasPointer = 8,
        AuxPointer = 11,
        AuxLeadingDimension = 12,
        AuxBatchStride = 13,
        ScalePointerA = 17,
        ScalePointerB = 18,
        FastAccumulation = 25,
        BiasElement = 26,
    }

    private enum LayoutAttribute
    {
        BatchCount = 5,
        BatchStride = 6,
    }

    private enum PreferenceAttribute
    {
        WorkspaceBytes = 1,
        AlignmentA = 5,
        AlignmentB = 6,
        AlignmentC = 7,
        AlignmentD = 8,
    }

    public override string Version { get; }

    /// <summary>Loads the libraries and opens a handle on the current context.</summary>
    public static NativeBlas? Open(out string? missing)
    {
        LibrarySearch search = CudaLibraries.Find(CudaLibrary.CublasLt, out nint library);
        if (library == 0)
        {
            missing = $"cuBLASLt was not found (tried {string.Join(", ", search.Tried)}); install the CUDA toolkit 12 or later and set CUDA_PATH to it.";
            return null;
        }

        LoadedLibraries.Bind(Library, library);
        nint handle = 0;
        BlasStatus status = Create(&handle);
        missing = status == BlasStatus.Success ? null : $"cuBLASLt {search.Version} at {search.Location} does not start: {status} ({(int)status}).";
        return missing is null ? new NativeBlas(handle, $"cuBLASLt {search.Version}", CublasFallback.Open()) : null;
    }

    public override BlasStatus Propose(in BlasProduct product, in BlasAlignment alignment, ulong workspaceBytes, Span<BlasAlgorithm> algorithms, out int count)
    {
        count = 0;
        if (!product.IsConsistent || algorithms.IsEmpty)
        {
            return BlasStatus.InvalidValue;
        }

        BlasStatus status = Find(product, out Descriptors descriptors);
        if (status != BlasStatus.Success)
        {
            return status;
        }

        nint preference = 0;
        status = PreferenceCreate(&preference);
        if (status != BlasStatus.Success)
        {
            return status;
        }

        try
        {
            status = Prefer(preference, alignment, workspaceBytes);
            int found = 0;
            fixed (BlasAlgorithm* results = algorithms)
            {
                status = status != BlasStatus.Success ? status : GetHeuristic(
                    _handle, descriptors.Product, descriptors.A, descriptors.B, descriptors.C, descriptors.D, preference, algorithms.Length, results, &found);
            }

            // Entries that may not be used are taken out.
            for (int i = 0; i < found; i++)
            {
                if (algorithms[i].State == BlasStatus.Success)
                {
                    algorithms[count++] = algorithms[i];
                }
            }
        }
        finally
        {
            PreferenceDestroy(preference);
        }

        if (count == 0 && status is BlasStatus.Success or BlasStatus.NotSupported)
        {
            return _fallback is not null && _fallback.Propose(product, out algorithms[0]) ? Report(out count) : BlasStatus.NotSupported;
        }

        return status;
    }

    public override BlasStatus Multiply(in BlasProduct product, in BlasAlgorithm algorithm, in BlasOperands operands, nint stream)
    {
        if (CublasFallback.IsOwn(algorithm))
        {
            return _fallback is null ? BlasStatus.InvalidValue : _fallback.Multiply(product, operands, stream);
        }

        BlasStatus status = Find(product, out Descriptors descriptors);
        status = status == BlasStatus.Success ? SetPointers(descriptors.Product, product, operands) : status;
        if (status != BlasStatus.Success)
        {
            return status;
        }

        float alpha = operands.Alpha;
        float beta = operands.Beta;
        ulong c = operands.C == 0 ? operands.D : operands.C;
        fixed (BlasAlgorithm.Opaque* code = &algorithm.Code)
        {
            return Matmul(
                _handle, descriptors.Product, &alpha, operands.A, descriptors.A, operands.B, descriptors.B, &beta, c, descriptors.C, operands.D,
                descriptors.D, code, operands.Workspace, (nuint)operands.WorkspaceBytes, stream);
        }
    }

    protected override void Dispose(bool disposing)
    {
        foreach (Descriptors descriptors in _descriptors.Values)
        {
            Release(descriptors);
        }

        _descriptors.Clear();
        _fallback?.Dispose();
        Destroy(_handle);
    }

    private static BlasStatus Report(out int count)
    {
        count = 1;
        return BlasStatus.Success;
    }

    private static BlasStatus Prefer(nint preference, in BlasAlignment alignment, ulong workspaceBytes)
    {
        BlasStatus status = SetPreference(preference, PreferenceAttribute.WorkspaceBytes, workspaceBytes);
        status = status == BlasStatus.Success ? SetPreference(preference, PreferenceAttribute.AlignmentA, (uint)alignment.A) : status;
        status = status == BlasStatus.Success ? SetPreference(preference, PreferenceAttribute.AlignmentB, (uint)alignment.B) : status;
        status = status == BlasStatus.Success ? SetPreference(preference, PreferenceAttribute.AlignmentC, (uint)alignment.C) : status;
        return status == BlasStatus.Success ? SetPreference(preference, PreferenceAttribute.AlignmentD, (uint)alignment.D) : status;
    }

    private static BlasStatus SetPointers(nint descriptor, in BlasProduct product, in BlasOperands operands)
    {
        BlasStatus status = operands.Bias != 0 ? Set(descriptor, ProductAttribute.BiasPointer, operands.Bias) : BlasStatus.Success;
        status = status == BlasStatus.Success && operands.Aux != 0 ? Set(descriptor, ProductAttribute.AuxPointer, operands.Aux) : status;
        if (product.Scaled)
        {
            status = status == BlasStatus.Success ? Set(descriptor, ProductAttribute.ScalePointerA, operands.ScaleA) : status;
            status = status == BlasStatus.Success ? Set(descriptor, ProductAttribute.ScalePointerB, operands.ScaleB) : status;
        }

        return status;
    }

    private static BlasStatus Set<T>(nint descriptor, ProductAttribute attribute, T value)
        where T : unmanaged => SetProduct(descriptor, attribute, &value, (nuint)sizeof(T));

    private static BlasStatus SetPreference<T>(nint preference, PreferenceAttribute attribute, T value)
        where T : unmanaged => PreferenceSetAttribute(preference, attribute, &value, (nuint)sizeof(T));

    private static BlasStatus MakeLayout(in BlasMatrix matrix, int batch, out nint layout)
    {
        nint value = 0;
        BlasStatus status = LayoutCreate(&value, matrix.Element, (ulong)matrix.Rows, (ulong)matrix.Columns, matrix.LeadingDimension);
        layout = value;
        if (status == BlasStatus.Success && batch > 1)
        {
            long stride = matrix.BatchStride;
            status = LayoutSetAttribute(value, LayoutAttribute.BatchCount, &batch, sizeof(int));
            status = status == BlasStatus.Success ? LayoutSetAttribute(value, LayoutAttribute.BatchStride, &stride, sizeof(long)) : status;
        }

        return status;
    }

    private static BlasStatus MakeProduct(in BlasProduct product, out nint descriptor)
    {
        nint value = 0;
        BlasStatus status = ProductCreate(&value, product.Compute, Float32);
        descriptor = value;
        if (status != BlasStatus.Success)
        {
            return status;
        }

        status = Set(value, ProductAttribute.TransposeA, product.TransposeA ? 1 : 0);
        status = status == BlasStatus.Success ? Set(value, ProductAttribute.TransposeB, product.TransposeB ? 1 : 0) : status;
        status = status == BlasStatus.Success ? Set(value, ProductAttribute.Epilogue, (int)product.Epilogue) : status;
        if (product.UsesBias)
        {
            status = status == BlasStatus.Success ? Set(value, ProductAttribute.BiasElement, (int)product.BiasElement) : status;
        }

        if (product.UsesAux)
        {
            status = status == BlasStatus.Success ? Set(value, ProductAttribute.AuxLeadingDimension, product.AuxLeadingDimension) : status;
            status = status == BlasStatus.Success && product.Batch > 1
                ? Set(value, ProductAttribute.AuxBatchStride, product.AuxLeadingDimension * product.D.Columns) : status;
        }

        // Algorithms are proposed for what the pointers will be aligned to; any aligned address stands in until then.
        const ulong Stand = 256;
        status = status == BlasStatus.Success && product.UsesBias ? Set(value, ProductAttribute.BiasPointer, Stand) : status;
        status = status == BlasStatus.Success && product.UsesAux ? Set(value, ProductAttribute.AuxPointer, Stand) : status;
        if (product.Scaled)
        {
            status = status == BlasStatus.Success ? Set(value, ProductAttribute.ScalePointerA, Stand) : status;
            status = status == BlasStatus.Success ? Set(value, ProductAttribute.ScalePointerB, Stand) : status;
        }

        return status == BlasStatus.Success && product.FastAccumulation ? Set(value, ProductAttribute.FastAccumulation, (sbyte)1) : status;
    }

    private static void Release(in Descriptors descriptors)
    {
        foreach (nint layout in (ReadOnlySpan<nint>)[descriptors.A, descriptors.B, descriptors.C, descriptors.D])
        {
            if (layout != 0)
            {
                LayoutDestroy(layout);
            }
        }

        if (descriptors.Product != 0)
        {
            ProductDestroy(descriptors.Product);
        }
    }

    private BlasStatus Find(in BlasProduct product, out Descriptors descriptors)
    {
        if (_descriptors.TryGetValue(product, out descriptors))
        {
            return BlasStatus.Success;
        }

        BlasStatus status = MakeProduct(product, out nint operation);
        nint a = 0;
        nint b = 0;
        nint c = 0;
        nint d = 0;
        status = status == BlasStatus.Success ? MakeLayout(product.A, product.Batch, out a) : status;
        status = status == BlasStatus.Success ? MakeLayout(product.B, product.Batch, out b) : status;
        status = status == BlasStatus.Success ? MakeLayout(product.C, product.Batch, out c) : status;
        status = status == BlasStatus.Success ? MakeLayout(product.D, product.Batch, out d) : status;
        descriptors = new Descriptors(operation, a, b, c, d);
        if (status == BlasStatus.Success)
        {
            _descriptors[product] = descriptors;
        }
        else
        {
            Release(descriptors);
        }

        return status;
    }

    [LibraryImport(Library, EntryPoint = "cublasLtCreate")]
    private static partial BlasStatus Create(nint* handle);

    [LibraryImport(Library, EntryPoint = "cublasLtDestroy")]
    private static partial BlasStatus Destroy(nint handle);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescCreate")]
    private static partial BlasStatus ProductCreate(nint* descriptor, BlasCompute compute, int scaleElement);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescDestroy")]
    private static partial BlasStatus ProductDestroy(nint descriptor);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulDescSetAttribute")]
    private static partial BlasStatus SetProduct(nint descriptor, ProductAttribute attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutCreate")]
    private static partial BlasStatus LayoutCreate(nint* layout, BlasElement element, ulong rows, ulong columns, long leadingDimension);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutDestroy")]
    private static partial BlasStatus LayoutDestroy(nint layout);

    [LibraryImport(Library, EntryPoint = "cublasLtMatrixLayoutSetAttribute")]
    private static partial BlasStatus LayoutSetAttribute(nint layout, LayoutAttribute attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceCreate")]
    private static partial BlasStatus PreferenceCreate(nint* preference);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceDestroy")]
    private static partial BlasStatus PreferenceDestroy(nint preference);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulPreferenceSetAttribute")]
    private static partial BlasStatus PreferenceSetAttribute(nint preference, PreferenceAttribute attribute, void* value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmulAlgoGetHeuristic")]
    private static partial BlasStatus GetHeuristic(
        nint handle, nint product, nint a, nint b, nint c, nint d, nint preference, int wanted, BlasAlgorithm* results, int* found);

    [LibraryImport(Library, EntryPoint = "cublasLtMatmul")]
    private static partial BlasStatus Matmul(
        nint handle, nint product, float* alpha, ulong a, nint layoutA, ulong b, nint layoutB, float* beta, ulong c, nint layoutC, ulong d, nint layoutD,
        BlasAlgorithm.Opaque* algorithm, ulong workspace, nuint workspaceBytes, nint stream);

    private readonly record struct Descriptors(nint Product, nint A, nint B, nint C, nint D);
}
