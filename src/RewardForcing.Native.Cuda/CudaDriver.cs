namespace RewardForcing.Native.Cuda;

/// <summary>The CUDA driver API as far as this library uses it: the seam between the device and whatever executes its work.</summary>
/// <remarks>
/// <para>
/// <b>Values.</b> Handles are opaque <see cref="nint"/>, never 0 when valid; device pointers are <see cref="ulong"/> and mean nothing to the host.
/// Nothing here throws for what a device does: every method returns a <see cref="CuResult"/>, and out values are 0 unless it is
/// <see cref="CuResult.Success"/> or the method says otherwise.
/// </para>
/// <para>
/// <b>Context.</b> Methods from <see cref="SynchronizeContext"/> on need a context that is current on the calling thread
/// (<see cref="SetCurrentContext"/>) and return <see cref="CuResult.InvalidContext"/> without one. Any thread may make any call; the order in a
/// stream is the order of the calls.
/// </para>
/// <para>
/// <b>Order.</b> A stream runs its work in order; streams run independently of each other unless an event joins them. There is no default
/// stream: a stream handle of 0 is <see cref="CuResult.InvalidHandle"/>. Launches, copies, fills and host functions are asynchronous: they return
/// before the work is done. Host memory given to a copy belongs to the driver until the stream has passed the copy, pageable memory too.
/// Arguments, names and images are copied before the call returns.
/// </para>
/// <para>
/// <b>Faults.</b> A kernel that fails makes the context useless: the status (700 to 719) is returned by the first call that notices, and by every
/// later call on that context that is not a release (<c>Destroy…</c>, <c>Unload…</c>, <c>Free…</c>, <see cref="ReleaseContext"/>). Errors of arguments
/// are not sticky. <see cref="LastDetail"/> tells more where more is known.
/// </para>
/// <para>
/// <b>Capture.</b> Between <see cref="BeginCapture"/> and <see cref="EndCapture"/> work given to the stream is recorded and not run, and so is that of
/// a stream which waited for an event recorded in the capture. Synchronising or querying a capturing stream, synchronising the
/// context, loading or unloading a module, <see cref="Allocate"/>, <see cref="Free"/>, <see cref="AllocateHost"/>, <see cref="FreeHost"/>, <see cref="AllocateAsync"/>,
/// <see cref="FreeAsync"/> and <see cref="LaunchHost"/> are not allowed meanwhile: a driver that refuses them returns
/// <see cref="CuResult.StreamCaptureUnsupported"/> and invalidates the capture, and the device above refuses them by itself.
/// </para>
/// </remarks>
public abstract class CudaDriver : IDisposable
{
    /// <summary>Prepares the driver; the first call (<c>cuInit</c>). Safe to repeat.</summary>
    public abstract CuResult Initialize();

    /// <summary>Newest CUDA version the driver serves, as 1000 * major + 10 * minor (<c>cuDriverGetVersion</c>). Needs no <see cref="Initialize"/>.</summary>
    public abstract CuResult GetVersion(out int version);

    /// <summary>Number of devices (<c>cuDeviceGetCount</c>).</summary>
    public abstract CuResult GetDeviceCount(out int count);

    /// <summary>Product name of a device (<c>cuDeviceGetName</c>); empty on failure.</summary>
    public abstract CuResult GetDeviceName(int device, out string name);

    /// <summary>Memory of a device in bytes (<c>cuDeviceTotalMem</c>).</summary>
    public abstract CuResult GetDeviceMemory(int device, out ulong bytes);

    /// <summary>One number of a device (<c>cuDeviceGetAttribute</c>).</summary>
    public abstract CuResult GetDeviceAttribute(int device, CudaDeviceAttribute attribute, out int value);

    /// <summary>Takes a share in the device's primary context (<c>cuDevicePrimaryCtxRetain</c>). Does not make it current.</summary>
    public abstract CuResult RetainContext(int device, out nint context);

    /// <summary>Gives a share back; the last one frees everything in the context (<c>cuDevicePrimaryCtxRelease</c>).</summary>
    public abstract CuResult ReleaseContext(int device);

    /// <summary>Makes a context current on the calling thread; 0 makes none current (<c>cuCtxSetCurrent</c>).</summary>
    public abstract CuResult SetCurrentContext(nint context);

    /// <summary>Waits for all work of the current context (<c>cuCtxSynchronize</c>).</summary>
    public abstract CuResult SynchronizeContext();

    /// <summary>Free and total device memory in bytes (<c>cuMemGetInfo</c>).</summary>
    public abstract CuResult GetMemory(out ulong free, out ulong total);

    /// <summary>Loads kernels (<c>cuModuleLoadDataEx</c>). An instruction that cannot be executed fails here, not at launch.</summary>
    public abstract CuResult LoadModule(KernelImage image, out nint module);

    /// <summary>Unloads kernels; their function handles become invalid (<c>cuModuleUnload</c>).</summary>
    public abstract CuResult UnloadModule(nint module);

    /// <summary>Finds a kernel (<c>cuModuleGetFunction</c>); <see cref="CuResult.NotFound"/> if there is none of that name.</summary>
    public abstract CuResult GetFunction(nint module, string name, out nint function);

    /// <summary>Finds a module variable (<c>cuModuleGetGlobal</c>).</summary>
    public abstract CuResult GetGlobal(nint module, string name, out ulong address, out ulong bytes);

    /// <summary>One number of a kernel (<c>cuFuncGetAttribute</c>).</summary>
    public abstract CuResult GetFunctionAttribute(nint function, CudaFunctionAttribute attribute, out int value);

    /// <summary>Sets one number of a kernel (<c>cuFuncSetAttribute</c>); <see cref="CuResult.InvalidValue"/> for one that cannot be set or is out of range.</summary>
    public abstract CuResult SetFunctionAttribute(nint function, CudaFunctionAttribute attribute, int value);

    /// <summary>Blocks of this size that one multiprocessor holds (<c>cuOccupancyMaxActiveBlocksPerMultiprocessor</c>).</summary>
    public abstract CuResult GetActiveBlocks(nint function, int blockThreads, int dynamicSharedBytes, out int blocks);

    /// <summary>Clusters of this shape that the device holds (<c>cuOccupancyMaxActiveClusters</c>).</summary>
    public abstract CuResult GetActiveClusters(nint function, in LaunchShape shape, out int clusters);

    /// <summary>Launches a kernel (<c>cuLaunchKernelEx</c>).</summary>
    /// <param name="function">From <see cref="GetFunction"/>.</param>
    /// <param name="shape">Threads and shared memory.</param>
    /// <param name="arguments">
    /// Byte image of the arguments: each at the next multiple of its alignment, as the <c>.param</c> list of the kernel's PTX lays them out, without
    /// padding after the last.
    /// </param>
    /// <param name="stream">Where it runs.</param>
    /// <returns>
    /// <see cref="CuResult.InvalidValue"/> for an empty or too large grid or block, a block over the kernel's limit or an image of the wrong length;
    /// <see cref="CuResult.LaunchOutOfResources"/> where registers do not suffice.
    /// </returns>
    public abstract CuResult Launch(nint function, in LaunchShape shape, ReadOnlySpan<byte> arguments, nint stream);

    /// <summary>Calls host code from the stream, in its order, on a thread of the driver (<c>cuLaunchHostFunc</c>). It must not call the driver or throw.</summary>
    public abstract CuResult LaunchHost(nint stream, Action action);

    /// <summary>Makes a pool of stream-ordered device memory (<c>cuMemPoolCreate</c>). It keeps nothing until its release threshold is set.</summary>
    public abstract CuResult CreatePool(int device, out nint pool);

    /// <summary>Destroys a pool; blocks still out stay valid until they are freed (<c>cuMemPoolDestroy</c>).</summary>
    public abstract CuResult DestroyPool(nint pool);

    /// <summary>One number of a pool (<c>cuMemPoolGetAttribute</c>).</summary>
    public abstract CuResult GetPoolAttribute(nint pool, CudaPoolAttribute attribute, out ulong value);

    /// <summary>Sets one number of a pool (<c>cuMemPoolSetAttribute</c>).</summary>
    public abstract CuResult SetPoolAttribute(nint pool, CudaPoolAttribute attribute, ulong value);

    /// <summary>Gives unused memory of a pool back until at most <paramref name="keepBytes"/> stay reserved (<c>cuMemPoolTrimTo</c>).</summary>
    public abstract CuResult TrimPool(nint pool, ulong keepBytes);

    /// <summary>Allocates in stream order, aligned to at least 256 bytes (<c>cuMemAllocFromPoolAsync</c>); 0 bytes are <see cref="CuResult.InvalidValue"/>.</summary>
    /// <remarks>The memory may be used by work of that stream at once, and by other streams after an event recorded behind the allocation.</remarks>
    public abstract CuResult AllocateAsync(ulong bytes, nint pool, nint stream, out ulong address);

    /// <summary>Frees in stream order: work given to the stream before may still use it (<c>cuMemFreeAsync</c>).</summary>
    public abstract CuResult FreeAsync(ulong address, nint stream);

    /// <summary>Allocates without a stream, aligned to at least 256 bytes (<c>cuMemAlloc</c>).</summary>
    public abstract CuResult Allocate(ulong bytes, out ulong address);

    /// <summary>Waits for the device and frees (<c>cuMemFree</c>). 0 is nothing to free.</summary>
    public abstract CuResult Free(ulong address);

    /// <summary>Allocates page-locked host memory that copies can use directly (<c>cuMemAllocHost</c>).</summary>
    public abstract CuResult AllocateHost(ulong bytes, out nint address);

    /// <summary>Frees page-locked host memory (<c>cuMemFreeHost</c>).</summary>
    public abstract CuResult FreeHost(nint address);

    /// <summary>Copies host memory to the device (<c>cuMemcpyHtoDAsync</c>).</summary>
    public abstract CuResult CopyToDevice(ulong destination, nint source, ulong bytes, nint stream);

    /// <summary>Copies device memory to the host (<c>cuMemcpyDtoHAsync</c>).</summary>
    public abstract CuResult CopyToHost(nint destination, ulong source, ulong bytes, nint stream);

    /// <summary>Copies within the device (<c>cuMemcpyDtoDAsync</c>); the ranges must not overlap.</summary>
    public abstract CuResult CopyOnDevice(ulong destination, ulong source, ulong bytes, nint stream);

    /// <summary>Sets <paramref name="count"/> values of <paramref name="width"/> bytes, 1, 2 or 4, to the low bytes of <paramref name="value"/> (<c>cuMemsetD8Async</c> and its like).</summary>
    public abstract CuResult Fill(ulong destination, uint value, int width, ulong count, nint stream);

    /// <summary>Range of stream priorities; the greatest is the smaller number (<c>cuCtxGetStreamPriorityRange</c>).</summary>
    public abstract CuResult GetPriorities(out int least, out int greatest);

    /// <summary>Makes a stream that does not wait for the default one (<c>cuStreamCreateWithPriority</c>, non-blocking).</summary>
    public abstract CuResult CreateStream(int priority, out nint stream);

    /// <summary>Destroys a stream; work given to it still runs (<c>cuStreamDestroy</c>).</summary>
    public abstract CuResult DestroyStream(nint stream);

    /// <summary>Waits until all work given to the stream is done (<c>cuStreamSynchronize</c>).</summary>
    public abstract CuResult SynchronizeStream(nint stream);

    /// <summary><see cref="CuResult.Success"/> if all work given to the stream is done, else <see cref="CuResult.NotReady"/> (<c>cuStreamQuery</c>).</summary>
    public abstract CuResult QueryStream(nint stream);

    /// <summary>Makes later work of the stream wait for what the event last recorded; nothing to wait for if it never did (<c>cuStreamWaitEvent</c>).</summary>
    public abstract CuResult WaitEvent(nint stream, nint happened);

    /// <summary>Makes an event (<c>cuEventCreate</c>); without <paramref name="timed"/> it cannot be used in <see cref="GetElapsed"/>.</summary>
    public abstract CuResult CreateEvent(bool timed, out nint created);

    /// <summary>Destroys an event; waits already queued still hold (<c>cuEventDestroy</c>).</summary>
    public abstract CuResult DestroyEvent(nint happened);

    /// <summary>Records the work given to the stream so far (<c>cuEventRecord</c>). Replaces what was recorded before.</summary>
    public abstract CuResult RecordEvent(nint happened, nint stream);

    /// <summary><see cref="CuResult.Success"/> if what was recorded is done, else <see cref="CuResult.NotReady"/> (<c>cuEventQuery</c>).</summary>
    public abstract CuResult QueryEvent(nint happened);

    /// <summary>Waits until what was recorded is done (<c>cuEventSynchronize</c>).</summary>
    public abstract CuResult SynchronizeEvent(nint happened);

    /// <summary>Milliseconds between two timed events that are both done (<c>cuEventElapsedTime</c>); <see cref="CuResult.NotReady"/> before that.</summary>
    public abstract CuResult GetElapsed(nint from, nint to, out float milliseconds);

    /// <summary>Starts recording a stream's work (<c>cuStreamBeginCapture</c>, thread-local mode).</summary>
    public abstract CuResult BeginCapture(nint stream);

    /// <summary>Ends recording (<c>cuStreamEndCapture</c>). A broken capture gives <see cref="CuResult.StreamCaptureInvalidated"/>, no graph, and a stream that works again.</summary>
    public abstract CuResult EndCapture(nint stream, out nint graph);

    /// <summary>Whether a stream records (<c>cuStreamIsCapturing</c>).</summary>
    public abstract CuResult GetCaptureStatus(nint stream, out CudaCaptureStatus status);

    /// <summary>Number of launches, copies and fills in a graph (<c>cuGraphGetNodes</c>).</summary>
    public abstract CuResult GetGraphNodes(nint graph, out ulong count);

    /// <summary>Makes a graph executable (<c>cuGraphInstantiateWithFlags</c>). The graph itself may be destroyed afterwards.</summary>
    public abstract CuResult InstantiateGraph(nint graph, out nint executable);

    /// <summary>Runs everything recorded, in recorded order, as one piece of work of the stream (<c>cuGraphLaunch</c>).</summary>
    public abstract CuResult LaunchGraph(nint executable, nint stream);

    /// <summary>Destroys a graph (<c>cuGraphDestroy</c>).</summary>
    public abstract CuResult DestroyGraph(nint graph);

    /// <summary>Destroys an executable graph; a run that was started finishes (<c>cuGraphExecDestroy</c>).</summary>
    public abstract CuResult DestroyExecutableGraph(nint executable);

    /// <summary>Encodes a tensor map (<c>cuTensorMapEncodeTiled</c>); the limits are those of <see cref="TensorMapLayout"/>. Needs no current context.</summary>
    /// <param name="layout">Tensor and box.</param>
    /// <param name="map">Takes 128 bytes, which a kernel is given by value as a <c>__grid_constant__</c> aligned to 64.</param>
    public abstract CuResult EncodeTensorMap(in TensorMapLayout layout, Span<byte> map);

    /// <summary>What a status means, in the driver's words (<c>cuGetErrorString</c>); null if it does not know.</summary>
    public abstract string? DescribeResult(CuResult result);

    /// <summary>
    /// What is known of the last failure on this driver besides its status: the log of compiling PTX, or the kernel, thread and source line of a
    /// fault. Null if nothing is. Kept until the next failure.
    /// </summary>
    public abstract string? LastDetail { get; }

    /// <summary>Opens matrix products on the current context. It is disposed before the context is released.</summary>
    /// <param name="missing">One sentence on what is missing, where null is returned.</param>
    /// <returns>Null where there is no cuBLASLt; own kernels must then do the work.</returns>
    public abstract CudaBlas? CreateBlas(out string? missing);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the driver object itself holds; contexts are the callers'.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
