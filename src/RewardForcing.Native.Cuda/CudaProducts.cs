using System.Collections.Concurrent;

namespace RewardForcing.Native.Cuda;

/// <summary>Chooses for each shape of a matrix product between the library's algorithms and our own kernel.</summary>
/// <remarks>
/// Measuring runs the product a few times on the operands at hand, at its first call outside a capture; the winner is kept for the process
/// and, where there is a file, for later ones. Safe from several threads.
/// </remarks>
internal sealed class CudaProducts(CudaDevice device, CudaDriver driver, ProductChoice choice, ProductTimings? timings) : IDisposable
{
    // What cuBLAS itself takes by default on Hopper and before.
    private const ulong HopperWorkspace = 32UL << 20;
    private const ulong OtherWorkspace = 4UL << 20;
    private const int MostAlgorithms = 8;
    private const int Repeats = 5;

    private readonly Lock _gate = new();

    // Null is our own kernel.
    private readonly ConcurrentDictionary<(BlasProduct Product, BlasAlignment Alignment), BlasAlgorithm?> _chosen = [];
    private CudaBlas? _blas;
    private bool _isOpened;

    /// <summary>Why there is no library, once it was looked for; null where there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>Bytes an algorithm may take besides its operands.</summary>
    public ulong Workspace => choice == ProductChoice.OwnKernels ? 0 : device.Architecture >= 90 ? HopperWorkspace : OtherWorkspace;

    /// <summary>Multiplies by whoever is chosen for this shape.</summary>
    /// <param name="product">Layouts, epilogue, types.</param>
    /// <param name="operands">Addresses; the workspace is added here.</param>
    /// <param name="own">Launches our own kernel for the same result.</param>
    /// <param name="rest">What must follow the library's product for the same result; null for nothing.</param>
    public void Multiply(in BlasProduct product, in BlasOperands operands, Action own, Action? rest)
    {
        if (choice == ProductChoice.OwnKernels || Open() is not { } blas)
        {
            own();
            return;
        }

        BlasAlignment alignment = new(BlasAlignment.Of(operands.A), BlasAlignment.Of(operands.B), BlasAlignment.Of(operands.C), BlasAlignment.Of(operands.D));
        if (!_chosen.TryGetValue((product, alignment), out BlasAlgorithm? chosen))
        {
            chosen = Choose(blas, product, alignment, operands, own, rest);
        }

        if (chosen is not { } algorithm)
        {
            own();
            return;
        }

        Run(blas, product, algorithm, operands, rest);
    }

    public void Dispose() => _blas?.Dispose();

    private CudaBlas? Open()
    {
        lock (_gate)
        {
            if (!_isOpened)
            {
                _isOpened = true;
                device.Enter();
                _blas = driver.CreateBlas(out string? missing);
                Missing = missing;
            }

            return _blas;
        }
    }

    private BlasAlgorithm? Choose(CudaBlas blas, in BlasProduct product, in BlasAlignment alignment, in BlasOperands operands, Action own, Action? rest)
    {
        var proposals = new BlasAlgorithm[MostAlgorithms];
        int count;
        lock (_gate)
        {
            BlasStatus status = blas.Propose(product, alignment, Workspace, proposals, out count);
            if (status is not (BlasStatus.Success or BlasStatus.NotSupported))
            {
                throw new CudaException("cublasLtMatmulAlgoGetHeuristic", status, $"Looking for a way to multiply {Describe(product)} on {device.Name}.");
            }
        }

        BlasAlgorithm? best = null;
        if (count > 0)
        {
            bool measures = choice == ProductChoice.Measured;
            string key = $"{device.Product}|{blas.Version}|{Describe(product)}|{alignment}";
            if (measures && timings?.Find(key) is int known && known < count)
            {
                best = known < 0 ? null : proposals[known];
            }
            else if (measures && !device.Current.IsCapturing)
            {
                int fastest = Fastest(blas, product, proposals.AsSpan(0, count), operands, own, rest);
                timings?.Keep(key, fastest);
                best = fastest < 0 ? null : proposals[fastest];
            }
            else
            {
                best = proposals[0];
            }
        }

        return _chosen.GetOrAdd((product, alignment), best);
    }

    // -1 is our own kernel.
    private int Fastest(CudaBlas blas, BlasProduct product, ReadOnlySpan<BlasAlgorithm> proposals, BlasOperands operands, Action own, Action? rest)
    {
        int fastest = -1;
        double least = Time(own);
        for (int i = 0; i < proposals.Length; i++)
        {
            BlasAlgorithm algorithm = proposals[i];
            double time = Time(() => Run(blas, product, algorithm, operands, rest));
            if (time < least)
            {
                (fastest, least) = (i, time);
            }
        }

        return fastest;
    }

    // The least of a few: other work can only add.
    private double Time(Action body)
    {
        body();
        double least = double.PositiveInfinity;
        for (int i = 0; i < Repeats; i++)
        {
            least = Math.Min(least, device.Measure(body));
        }

        return least;
    }

    private void Run(CudaBlas blas, in BlasProduct product, in BlasAlgorithm algorithm, in BlasOperands operands, Action? rest)
    {
        device.Enter();
        long bytes = (long)algorithm.WorkspaceBytes;
        nint workspace = bytes > 0 ? device.Rent(bytes) : 0;
        try
        {
            BlasOperands complete = operands with { Workspace = (ulong)workspace, WorkspaceBytes = (ulong)bytes };
            BlasStatus status;
            lock (_gate)
            {
                status = blas.Multiply(product, algorithm, complete, device.Current.Stream);
            }

            if (status != BlasStatus.Success)
            {
                throw new CudaException("cublasLtMatmul", status, $"Multiplying {Describe(product)} on {device.Name}.");
            }
        }
        finally
        {
            // The order of the queue keeps the memory until the product has passed.
            if (workspace != 0)
            {
                device.Return(workspace, bytes);
            }
        }

        rest?.Invoke();
    }

    private static string Describe(in BlasProduct product) =>
        $"{product.D.Rows} x {product.D.Columns} x {product.Depth}, batch {product.Batch}, {product.A.Element}/{product.B.Element}/{product.D.Element}, "
        + $"{(product.TransposeA ? "T" : "N")}{(product.TransposeB ? "T" : "N")}, {product.Epilogue}, bias {product.BiasElement}";
}
