using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim;

/// <summary>A driver whose devices are simulated: PTX is executed on the host, memory is checked, and misuse is said in words.</summary>
/// <remarks>
/// <see cref="LastDetail"/> tells of every failure what was wrong. Work runs when it is given to a stream, so a fault is returned by the launch itself,
/// or with <see cref="SimulatedDriverOptions.Deferred"/> when somebody waits.
/// </remarks>
public sealed partial class SimulatedDriver : CudaDriver
{
    private readonly object _gate = new();
    private readonly SimulatedDriverOptions _options;
    private readonly HandleTable _handles = new();
    private readonly Dictionary<int, SimulatedContext> _contexts = [];
    private readonly Dictionary<string, int> _calls = [];
    private readonly ThreadLocal<nint> _current = new();
    private readonly ThreadLocal<bool> _isHost = new();
    private readonly List<Finding> _findings = [];
    private readonly List<string> _leaks = [];
    private readonly List<string> _printed = [];
    private bool _isInitialized;
    private volatile string? _lastDetail;

    /// <summary>Makes a driver.</summary>
    /// <param name="options">Devices, and how they run; null for one fast A100.</param>
    public SimulatedDriver(SimulatedDriverOptions? options = null) => _options = options ?? new SimulatedDriverOptions();

    [Flags]
    private enum CallRule
    {
        None = 0,

        /// <summary>Works on a context that has failed.</summary>
        Release = 1,

        /// <summary>Is not allowed on a thread that captures.</summary>
        NotCapturing = 2,
    }

    /// <inheritdoc/>
    public override string? LastDetail => _lastDetail;

    /// <summary>Devices and how they run.</summary>
    public SimulatedDriverOptions Options => _options;

    /// <summary>What checks and faults found, in order.</summary>
    public IReadOnlyList<Finding> Findings
    {
        get
        {
            lock (_gate)
            {
                return [.. _findings];
            }
        }
    }

    /// <summary>What was still there when the last share of a context was given back: one sentence each.</summary>
    public IReadOnlyList<string> Leaks
    {
        get
        {
            lock (_gate)
            {
                return [.. _leaks];
            }
        }
    }

    /// <summary>Lines that kernels printed.</summary>
    public IReadOnlyList<string> Printed
    {
        get
        {
            lock (_gate)
            {
                return [.. _printed];
            }
        }
    }

    /// <inheritdoc/>
    public override CuResult Initialize() => Guarded(nameof(Initialize), () =>
    {
        if (_options.Devices.Count == 0)
        {
            return Fail(CuResult.NoDevice, "The simulated driver was made without a device.");
        }

        _isInitialized = true;
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult GetVersion(out int version)
    {
        version = _options.Version;
        return CuResult.Success;
    }

    /// <inheritdoc/>
    public override CuResult GetDeviceCount(out int count)
    {
        int found = 0;
        CuResult result = Guarded(nameof(GetDeviceCount), () =>
        {
            found = _options.Devices.Count;
            return _isInitialized ? CuResult.Success : NotInitialized();
        });
        count = result == CuResult.Success ? found : 0;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetDeviceName(int device, out string name)
    {
        string found = "";
        CuResult result = OnDevice(nameof(GetDeviceName), device, profile => found = profile.Name);
        name = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetDeviceMemory(int device, out ulong bytes)
    {
        ulong found = 0;
        CuResult result = OnDevice(nameof(GetDeviceMemory), device, profile => found = _options.MemoryBytes ?? profile.MemoryBytes);
        bytes = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetDeviceAttribute(int device, CudaDeviceAttribute attribute, out int value)
    {
        int? found = null;
        CuResult result = OnDevice(nameof(GetDeviceAttribute), device, profile => found = DeviceAttributes.Get(profile, attribute));
        value = found ?? 0;
        return result == CuResult.Success && found is null ? Fail(CuResult.InvalidValue, $"The device attribute {attribute} is not known.") : result;
    }

    /// <inheritdoc/>
    public override CuResult RetainContext(int device, out nint context)
    {
        nint found = 0;
        CuResult result = OnDevice(nameof(RetainContext), device, profile =>
        {
            if (!_contexts.TryGetValue(device, out SimulatedContext? existing))
            {
                _contexts[device] = existing = NewContext(device, profile);
                existing.Handle = _handles.Add(existing);
            }

            existing.Shares++;
            found = existing.Handle;
        });
        context = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult ReleaseContext(int device)
    {
        CuResult status = CuResult.Success;
        CuResult result = OnDevice(nameof(ReleaseContext), device, _ =>
        {
            if (!_contexts.TryGetValue(device, out SimulatedContext? context))
            {
                status = Fail(CuResult.InvalidContext, $"Device {device} has no context to release.");
            }
            else if (--context.Shares == 0)
            {
                context.Work.RunUntil(() => context.Work.IsIdle);
                AllAwaited(context);
                _leaks.AddRange(LeakReport.Of(context, _handles));
                Forget(context);
            }
        });
        return result == CuResult.Success ? status : result;
    }

    /// <inheritdoc/>
    public override CuResult SetCurrentContext(nint context) => Guarded(nameof(SetCurrentContext), () =>
    {
        if (context != 0 && _handles.Find<SimulatedContext>(context) is null)
        {
            return Fail(CuResult.InvalidContext, $"0x{context:x} is no context.");
        }

        _current.Value = context;
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult SynchronizeContext() => InContext(nameof(SynchronizeContext), CallRule.NotCapturing, context =>
        _handles.All<SimulatedStream>().Any(stream => stream.Value.Context == context && stream.Value.Capture is not null)
            ? BreakCapture(context, null, "A context cannot be synchronised while one of its streams captures.")
            : Wait(context, () => context.Work.IsIdle));

    /// <inheritdoc/>
    public override CuResult GetMemory(out ulong free, out ulong total)
    {
        (ulong free, ulong total) found = default;
        CuResult result = InContext(nameof(GetMemory), CallRule.None, context =>
        {
            found = (context.MemoryBytes - Math.Min(context.MemoryBytes, TakenBytes(context)), context.MemoryBytes);
            return CuResult.Success;
        });
        (free, total) = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult EncodeTensorMap(in TensorMapLayout layout, Span<byte> map)
    {
        string? problem = TensorMapCode.Encode(layout, map);
        return problem is null ? CuResult.Success : Fail(CuResult.InvalidValue, $"A tensor map cannot be encoded: {problem}.");
    }

    /// <inheritdoc/>
    public override string? DescribeResult(CuResult result) => ResultTexts.Of(result);

    /// <inheritdoc/>
    public override CudaBlas? CreateBlas(out string? missing)
    {
        missing = null;
        SimulatedBlas? blas = null;
        CuResult result = InContext(nameof(CreateBlas), CallRule.None, context =>
        {
            blas = new SimulatedBlas(this, context);
            _handles.Add(blas);
            return CuResult.Success;
        });
        missing = result == CuResult.Success ? null : $"Matrix products cannot be opened: {DescribeResult(result)}.";
        return blas;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            foreach (SimulatedContext context in _contexts.Values.ToList())
            {
                Forget(context);
            }
        }
    }

    private SimulatedContext NewContext(int device, DeviceProfile profile)
    {
        SimulatedContext? made = null;
        StreamOrder? order = _options.WatchesStreams ? new StreamOrder() : null;
        Random? random = _options.Deferred ? new Random((int)_options.Execution.Seed + device) : null;
        made = new SimulatedContext(device, profile, _options)
        {
            Order = order,
            Work = new WorkScheduler(_gate, random, _isHost, (work, exception) => Failed(made!, work, exception), order, work => Ran(made!, work)),
        };
        return made;
    }

    // Everything that lived in the context is gone; its handles are not valid any more.
    private void Forget(SimulatedContext context)
    {
        foreach ((nint handle, object value) in _handles.All<object>())
        {
            SimulatedContext? owner = value switch
            {
                SimulatedContext itself => itself,
                SimulatedStream stream => stream.Context,
                SimulatedEvent happened => happened.Context,
                LoadedModule module => module.Context,
                SimulatedFunction function => function.Owner.Context,
                SimulatedBlas blas => blas.Context,
                RecordedGraph graph => graph.Context,
                _ => null,
            };
            if (owner == context)
            {
                _handles.Remove(handle);
                (value as LoadedModule)?.Module.Dispose();
            }
        }

        _contexts.Remove(context.Device);
        context.Dispose();
    }

    private void AllAwaited(SimulatedContext context) =>
        context.Order?.AllAwaited(_handles.All<SimulatedStream>().Select(static stream => stream.Value).Where(stream => stream.Context == context));

    private CuResult Guarded(string call, Func<CuResult> body)
    {
        if (_isHost.Value)
        {
            return Fail(CuResult.NotPermitted, $"{call} was called by a host function of a stream, which must not call the driver.");
        }

        lock (_gate)
        {
            int number = _calls[call] = _calls.GetValueOrDefault(call) + 1;
            foreach (InjectedFailure failure in _options.Failures)
            {
                if (failure.Call == call && (failure.At == number || (failure.Stays && number > failure.At)))
                {
                    return Injected(failure, number);
                }
            }

            return body();
        }
    }

    private CuResult Injected(InjectedFailure failure, int number)
    {
        string detail = $"Call {number} of {failure.Call} was made to fail.";
        if ((int)failure.Result is >= 700 and < 720 and not 701 && Current is SimulatedContext context)
        {
            (context.Fault, context.FaultDetail) = (failure.Result, detail);
        }

        return Fail(failure.Result, detail);
    }

    private CuResult OnDevice(string call, int device, Action<DeviceProfile> body) => Guarded(call, () =>
    {
        if (!_isInitialized)
        {
            return NotInitialized();
        }

        if (device < 0 || device >= _options.Devices.Count)
        {
            return Fail(CuResult.InvalidDevice, $"There is no device {device}; there are {_options.Devices.Count}.");
        }

        body(_options.Devices[device]);
        return CuResult.Success;
    });

    private CuResult InContext(string call, CallRule rule, Func<SimulatedContext, CuResult> body) => Guarded(call, () =>
    {
        if (!_isInitialized)
        {
            return NotInitialized();
        }

        if (Current is not SimulatedContext context)
        {
            return Fail(CuResult.InvalidContext, $"{call} needs a context that is current on the thread.");
        }

        if (context.Fault != CuResult.Success && !rule.HasFlag(CallRule.Release))
        {
            return Fail(context.Fault, context.FaultDetail);
        }

        return rule.HasFlag(CallRule.NotCapturing) && CaptureOfThread() is StreamCapture capture
            ? BreakCapture(context, capture, $"{call} is not allowed on a thread while a stream of its captures.")
            : body(context);
    });

    private SimulatedContext? Current => _handles.Find<SimulatedContext>(_current.Value);

    private CuResult NotInitialized() => Fail(CuResult.NotInitialized, "The driver was not initialised.");

    private CuResult Fail(CuResult result, string? detail)
    {
        _lastDetail = detail;
        return result;
    }

    private CuResult Invalid(nint handle, string what) => Fail(CuResult.InvalidHandle, $"0x{handle:x} is no {what} of this driver, or it was destroyed.");

    // Holds what the work used against what work of other streams did.
    private void Ran(SimulatedContext context, StreamWork work)
    {
        if (context.Order?.Ran(work) is not { Count: > 0 } met || _options.Execution.Ignored.Contains(FindingKind.StreamOrder))
        {
            return;
        }

        Finding[] findings = [.. met.Select(static sentence => new Finding(FindingKind.StreamOrder, sentence))];
        if (_options.FindingsAreFaults)
        {
            throw new DeviceFault(findings[^1], [.. findings.SkipLast(1)]);
        }

        _findings.AddRange(findings);
    }

    private void Failed(SimulatedContext context, StreamWork work, Exception exception)
    {
        if (exception is DeviceFault fault)
        {
            _findings.AddRange(fault.Earlier);
            _findings.Add(fault.Finding);
            context.Fault = SimulatedContext.StatusOf(fault.Finding.Kind);
            context.FaultDetail = string.Join('\n', fault.Earlier.Append(fault.Finding).Select(finding => finding.Message));
        }
        else
        {
            context.Fault = CuResult.LaunchFailed;
            context.FaultDetail = $"{work.Name}: {exception}";
        }

        _lastDetail = context.FaultDetail;
    }

    // Lets work run until something holds; a fault on the way is this call's result. The host then comes after what it waited for, null for everything.
    private CuResult Wait(SimulatedContext context, Func<bool> holds, StreamClock? awaited = null)
    {
        context.Work.RunUntil(holds);
        if (awaited is null)
        {
            AllAwaited(context);
        }

        context.Order?.Awaited(awaited);
        _pools.ForEach(pool => pool.Trim(pool.Threshold));

        return context.Fault == CuResult.Success ? CuResult.Success : Fail(context.Fault, context.FaultDetail);
    }
}
