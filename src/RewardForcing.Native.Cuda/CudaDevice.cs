using System.Runtime.CompilerServices;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Cuda;

/// <summary>One CUDA device: its memory, its queues of work and the kernels loaded on it, above whichever driver it was given.</summary>
/// <remarks>
/// <para>
/// Everything is asynchronous: calls return before the device is done, in the order of the calls for each queue. Threads share one queue unless
/// they open their own (<see cref="OpenQueue"/>). A queue is a stream; what a thread lets go of goes back to its own queue's blocks, so memory is
/// used again without waiting.
/// </para>
/// <para>
/// A kernel that faults makes the device useless: the next call that waits throws <see cref="CudaException"/> and so does everything after it,
/// except releasing.
/// </para>
/// </remarks>
public sealed unsafe partial class CudaDevice : Device
{
    private readonly CudaDriver _driver;
    private readonly int _ordinal;
    private readonly bool _checked;
    private readonly LoadedKernels _kernels;
    private readonly CudaProducts _products;
    private readonly ThreadLocal<CudaQueue?> _ofThread = new();
    private readonly Lock _queueGate = new();
    private readonly List<CudaQueue> _queues = [];
    private nint _context;
    private nint _pool;
    private int _queueNumbers;
    private bool _isClosed;

    /// <summary>Opens a device.</summary>
    /// <param name="driver">What executes the work; must outlive the device, which does not dispose it.</param>
    /// <param name="ordinal">Number of the device, from 0.</param>
    /// <param name="sources">The kernels.</param>
    /// <param name="cache">Compiles them.</param>
    /// <param name="name">Name in messages; null for <c>cuda:N</c>.</param>
    /// <param name="products">Who multiplies matrices.</param>
    /// <param name="timings">Where measured choices are kept; null for nowhere.</param>
    /// <param name="checkMemory">Fill rented blocks with NaN and look for writes past the end when they come back. For tests.</param>
    /// <param name="watch">What is to be told and waited for after each launch; null for nothing.</param>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public CudaDevice(
        CudaDriver driver, int ordinal, KernelSources sources, KernelCache cache, string? name = null,
        ProductChoice products = ProductChoice.Measured, ProductTimings? timings = null, bool checkMemory = false, LaunchWatch? watch = null)
    {
        (_driver, _ordinal, _checked, _watch) = (driver, ordinal, checkMemory, watch);
        Name = name ?? $"cuda:{ordinal}";
        Require(driver.Initialize(), "cuInit", "Opening the CUDA driver.");
        Require(driver.GetDeviceName(ordinal, out string product), "cuDeviceGetName", $"Opening {Name}.");
        Require(driver.GetDeviceMemory(ordinal, out ulong bytes), "cuDeviceTotalMem", $"Opening {Name}.");
        (Product, TotalBytes) = (product, checked((long)bytes));
        Architecture = (10 * Attribute(CudaDeviceAttribute.ComputeCapabilityMajor)) + Attribute(CudaDeviceAttribute.ComputeCapabilityMinor);
        Multiprocessors = Attribute(CudaDeviceAttribute.Multiprocessors);
        _kernels = new LoadedKernels(this, driver, sources, cache);
        _products = new CudaProducts(this, driver, products, timings);
        try
        {
            Require(driver.RetainContext(ordinal, out _context), "cuDevicePrimaryCtxRetain", $"Opening {Name}.");
            Enter();
            if (Attribute(CudaDeviceAttribute.MemoryPools) != 0)
            {
                // Blocks go back only when our own pool is trimmed; the driver must not add a second policy to that.
                Require(driver.CreatePool(ordinal, out _pool), "cuMemPoolCreate", $"Opening {Name}.");
            }

            Main = NewQueue();
        }
        catch
        {
            Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override bool IsHost => false;

    /// <summary>Name of the product, as the driver gives it.</summary>
    public string Product { get; }

    /// <summary>Memory of the device, in bytes.</summary>
    public long TotalBytes { get; }

    /// <summary>Compute capability, 10 * major + minor: 80 for A100, 90 for H100.</summary>
    public int Architecture { get; }

    /// <summary>Number of multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Memory of the device that nobody uses, this process and others, in bytes.</summary>
    public override long? FreeBytes
    {
        get
        {
            Enter();
            Require(_driver.GetMemory(out ulong free, out _), "cuMemGetInfo", $"Asking {Name} for its memory.");
            return checked((long)free);
        }
    }

    /// <inheritdoc/>
    public override long WorkspaceBytes => (long)_products.Workspace;

    internal CudaQueue Main { get; } = null!;

    internal CudaQueue Current => _ofThread.Value ?? Main;

    private protected override int Queue => Current.Number;

    /// <summary>One number of the device.</summary>
    public int Attribute(CudaDeviceAttribute attribute)
    {
        Require(_driver.GetDeviceAttribute(_ordinal, attribute, out int value), "cuDeviceGetAttribute", $"Asking {Name} for {attribute}.");
        return value;
    }

    /// <summary>Runs a kernel in the calling thread's queue.</summary>
    /// <param name="stem">Kernel file without its ending, such as <c>rms_norm</c>.</param>
    /// <param name="entry">Name of the <c>__global__</c> function.</param>
    /// <param name="defines">Macros that choose the variant of the file.</param>
    /// <param name="shape">Blocks, threads and dynamic shared memory.</param>
    /// <param name="arguments">Byte image of the arguments, each at the next multiple of its alignment.</param>
    /// <exception cref="ArgumentException">The image is not what the kernel's own parameter list takes.</exception>
    /// <exception cref="CudaException">The kernel does not compile, or the driver refuses the launch.</exception>
    /// <exception cref="NotSupportedException">The kernel is not there in compiled form and there is no NVRTC.</exception>
    public void Launch(string stem, string entry, IReadOnlyDictionary<string, string> defines, in LaunchShape shape, ReadOnlySpan<byte> arguments)
    {
        Enter();
        CudaQueue queue = Current;
        LoadedKernel kernel = _kernels.Get(stem, entry, defines, mayLoad: !queue.IsCapturing);
        kernel.CheckArguments(stem, arguments.Length);
        kernel.AllowShared(_driver, shape.DynamicSharedBytes, this);
        Require(
            _driver.Launch(kernel.Function, shape, arguments, queue.Stream), "cuLaunchKernelEx",
            $"Launching {entry} of kernels/{stem}.cu on {Name}: grid {shape.Grid}, block {shape.Block}, {shape.DynamicSharedBytes:N0} bytes of shared memory.");
        if (_watch is not null)
        {
            Watch(queue, $"{entry} of kernels/{stem}.cu, grid {shape.Grid}, block {shape.Block}, {string.Join(' ', defines.Select(static define => $"{define.Key}={define.Value}"))}");
        }
    }

    /// <summary>Multiplies matrices in the calling thread's queue, by the library or by a kernel of ours, whichever is chosen for the shape.</summary>
    /// <param name="product">Layouts, epilogue and types, column-major.</param>
    /// <param name="operands">Addresses, without workspace.</param>
    /// <param name="own">Launches our kernel for the same result; may be called several times.</param>
    /// <param name="rest">What must follow the library's product for the same result; null for nothing.</param>
    /// <exception cref="CudaException">The library fails.</exception>
    public void Multiply(in BlasProduct product, in BlasOperands operands, Action own, Action? rest = null)
    {
        _products.Multiply(product, operands, own, rest);
        if (_watch is not null)
        {
            Watch(Current, $"a matrix product with a result of {product.D.Rows} x {product.D.Columns} and a depth of {product.Depth}");
        }
    }

    /// <summary>Encodes how a kernel sees a tensor it copies by hardware; 128 bytes, passed by value.</summary>
    /// <exception cref="CudaException">The layout breaks a limit of <see cref="TensorMapLayout"/>.</exception>
    public void EncodeTensorMap(in TensorMapLayout layout, Span<byte> map) =>
        Require(_driver.EncodeTensorMap(layout, map), "cuTensorMapEncodeTiled", $"Describing a tensor to {Name}.");

    /// <summary>Milliseconds that the work takes which <paramref name="body"/> gives to the calling thread's queue, by the device's own clock.</summary>
    public double Measure(Action body)
    {
        Enter();
        nint stream = Current.Stream;
        nint from = NewEvent(timed: true);
        nint to = NewEvent(timed: true);
        try
        {
            Require(_driver.RecordEvent(from, stream), "cuEventRecord", "Measuring.");
            body();
            Enter();
            Require(_driver.RecordEvent(to, stream), "cuEventRecord", "Measuring.");
            Require(_driver.SynchronizeEvent(to), "cuEventSynchronize", $"Waiting for {Name}.");
            Require(_driver.GetElapsed(from, to, out float milliseconds), "cuEventElapsedTime", "Measuring.");
            return milliseconds;
        }
        finally
        {
            _driver.DestroyEvent(from);
            _driver.DestroyEvent(to);
        }
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        Enter();
        RefuseWhileCapturing("wait for the device");
        Require(_driver.SynchronizeContext(), "cuCtxSynchronize", $"Waiting for {Name}.");
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => Close();

    /// <summary>Throws unless a call succeeded.</summary>
    internal void Require(CuResult result, string call, [InterpolatedStringHandlerArgument(nameof(result))] FailureText doing)
    {
        if (result != CuResult.Success)
        {
            Require(result, call, doing.ToString());
        }
    }

    /// <summary>Throws unless a call succeeded.</summary>
    internal void Require(CuResult result, string call, string doing)
    {
        if (result != CuResult.Success)
        {
            throw new CudaException(call, result, _driver.DescribeResult(result), doing, _driver.LastDetail);
        }
    }

    /// <summary>Makes the context current on the calling thread.</summary>
    internal void Enter()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        Require(_driver.SetCurrentContext(_context), "cuCtxSetCurrent", $"Using {Name}.");
    }

    internal nint NewEvent(bool timed)
    {
        Require(_driver.CreateEvent(timed, out nint created), "cuEventCreate", $"Using {Name}.");
        return created;
    }

    internal void RefuseWhileCapturing(string what)
    {
        if (Current.IsCapturing)
        {
            throw new InvalidOperationException($"{Name}: cannot {what} while a pass is being captured; do it before, or give the pass what it needs as an input.");
        }
    }

    // Also called where opening failed half way: what was not made is 0 or empty. Nothing here can do anything about a failure.
    private void Close()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        if (_context != 0)
        {
            _driver.SetCurrentContext(_context);
            _products.Dispose();
            foreach (CudaQueue queue in _queues)
            {
                queue.Release(_driver);
            }

            _kernels.Unload();
            if (_pool != 0)
            {
                _driver.DestroyPool(_pool);
            }

            _driver.SetCurrentContext(0);
            _driver.ReleaseContext(_ordinal);
        }

        _ofThread.Dispose();
    }
}
