using System.Globalization;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;
using RewardForcing.Native.CudaSim.Execution;
using RewardForcing.Native.CudaSim.Ptx;
using RewardForcing.Native.CudaSim.Runtime;

namespace RewardForcing.Native.CudaSim;

/// <content>Modules, kernels and launches.</content>
public sealed partial class SimulatedDriver
{
    /// <inheritdoc/>
    public override CuResult LoadModule(KernelImage image, out nint module)
    {
        nint made = 0;
        CuResult result = InContext(nameof(LoadModule), CallRule.NotCapturing, context =>
        {
            try
            {
                if (!RunsOn(context.Profile, image.Target))
                {
                    return Fail(CuResult.NoBinaryForGpu, $"{image.Name} was compiled for {image.Target}, and {context.Profile.Name} is sm_{context.Profile.Architecture}.");
                }

                var loaded = new SimulatedModule(image.Name, image.Ptx, context.Memory, _options.Execution with { RecordsUses = _options.WatchesStreams });
                made = _handles.Add(new LoadedModule(context, image, loaded, CubinRegisters.Read(image.Cubin.Span)));
                return CuResult.Success;
            }
            catch (PtxException exception)
            {
                return Fail(CuResult.InvalidPtx, exception.Message);
            }
        });
        module = made;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult UnloadModule(nint module) => InContext(nameof(UnloadModule), CallRule.NotCapturing | CallRule.Release, context =>
    {
        if (_handles.Find<LoadedModule>(module) is not LoadedModule found || found.Context != context)
        {
            return Invalid(module, "module");
        }

        context.Work.RunUntil(() => context.Work.IsIdle);
        found.IsUnloaded = true;
        foreach (nint function in found.Functions.Values)
        {
            _handles.Remove(function);
        }

        _handles.Remove(module);
        found.Module.Dispose();
        return CuResult.Success;
    });

    /// <inheritdoc/>
    public override CuResult GetFunction(nint module, string name, out nint function)
    {
        nint found = 0;
        CuResult result = InContext(nameof(GetFunction), CallRule.None, context =>
        {
            if (_handles.Find<LoadedModule>(module) is not LoadedModule loaded)
            {
                return Invalid(module, "module");
            }

            if (!loaded.Module.Ptx.Kernels.TryGetValue(name, out PtxKernel? kernel))
            {
                return Fail(CuResult.NotFound, $"{loaded.Image.Name} has no kernel {name}; it has {string.Join(", ", loaded.Module.Ptx.Kernels.Keys)}.");
            }

            if (!loaded.Functions.TryGetValue(name, out found))
            {
                loaded.Functions[name] = found = _handles.Add(new SimulatedFunction(loaded, kernel, context.Profile));
            }

            return CuResult.Success;
        });
        function = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetGlobal(nint module, string name, out ulong address, out ulong bytes)
    {
        (ulong address, ulong bytes) found = default;
        CuResult result = InContext(nameof(GetGlobal), CallRule.None, _ =>
        {
            if (_handles.Find<LoadedModule>(module) is not LoadedModule loaded)
            {
                return Invalid(module, "module");
            }

            if (loaded.Module.FindVariable(name) is not { } variable)
            {
                return Fail(CuResult.NotFound, $"{loaded.Image.Name} has no variable {name}.");
            }

            found = variable;
            return CuResult.Success;
        });
        (address, bytes) = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetFunctionAttribute(nint function, CudaFunctionAttribute attribute, out int value)
    {
        int? found = null;
        CuResult result = OnFunction(nameof(GetFunctionAttribute), function, (_, it) =>
        {
            found = it.Get(attribute);
            return found is null ? Fail(CuResult.InvalidValue, $"The function attribute {attribute} is not known.") : CuResult.Success;
        });
        value = found ?? 0;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult SetFunctionAttribute(nint function, CudaFunctionAttribute attribute, int value) =>
        OnFunction(nameof(SetFunctionAttribute), function, (_, it) => it.Set(attribute, value) is string why ? Fail(CuResult.InvalidValue, why) : CuResult.Success);

    /// <inheritdoc/>
    public override CuResult GetActiveBlocks(nint function, int blockThreads, int dynamicSharedBytes, out int blocks)
    {
        int found = 0;
        CuResult result = OnFunction(nameof(GetActiveBlocks), function, (_, it) =>
        {
            if (blockThreads < 1 || dynamicSharedBytes < 0)
            {
                return Fail(CuResult.InvalidValue, $"{blockThreads} threads and {dynamicSharedBytes} bytes of shared memory are no block.");
            }

            found = blockThreads > it.BoundThreads || dynamicSharedBytes > it.MaxDynamicSharedBytes ? 0 : it.ActiveBlocks(blockThreads, dynamicSharedBytes);
            return CuResult.Success;
        });
        blocks = found;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult GetActiveClusters(nint function, in LaunchShape shape, out int clusters)
    {
        LaunchShape wanted = shape;
        int found = 0;
        CuResult result = OnFunction(nameof(GetActiveClusters), function, (context, it) =>
        {
            CuResult refused = it.Refuses(wanted with { Cooperative = false }, it.Kernel.ParameterBytes, out string? why);
            found = (int)(context.Profile.Multiprocessors * (long)it.ActiveBlocks((int)wanted.Block.Count, wanted.DynamicSharedBytes) / it.ClusterOf(wanted).Count);
            return refused == CuResult.Success ? refused : Fail(refused, why);
        });
        clusters = result == CuResult.Success ? found : 0;
        return result;
    }

    /// <inheritdoc/>
    public override CuResult Launch(nint function, in LaunchShape shape, ReadOnlySpan<byte> arguments, nint stream)
    {
        LaunchShape wanted = shape;
        byte[] image = arguments.ToArray();
        return OnFunction(nameof(Launch), function, (context, it) =>
        {
            if (StreamOf(context, stream) is not SimulatedStream on)
            {
                return Invalid(stream, "stream");
            }

            CuResult refused = it.Refuses(wanted, image.Length, out string? why);
            return refused == CuResult.Success
                ? Give(on, new StreamWork($"launch of {it.Kernel.Name}", () => Execute(it, wanted, image)) { Function = it })
                : Fail(refused, why);
        });
    }

    private static bool RunsOn(DeviceProfile device, string target)
    {
        string number = target[(target.IndexOf('_') + 1)..];
        bool isExact = number.EndsWith('a');
        return int.TryParse(number.TrimEnd('a'), NumberStyles.None, CultureInfo.InvariantCulture, out int architecture)
            && (isExact ? architecture == device.Architecture : architecture <= device.Architecture);
    }

    private void Execute(SimulatedFunction function, in LaunchShape shape, byte[] image)
    {
        if (_options.SkipsKernels)
        {
            return;
        }

        LaunchReport report = function.Owner.Module.Launch(function.Kernel.Name, shape, image);
        if (report.Touched is TouchedMemory touched)
        {
            function.Owner.Context.Order?.Use(touched);
        }

        _printed.AddRange(report.Printed);
        _options.Launched?.Invoke(report);
        if (report.Findings.Count == 0)
        {
            return;
        }

        if (_options.FindingsAreFaults)
        {
            throw new DeviceFault(report.Findings[^1], [.. report.Findings.Take(report.Findings.Count - 1)]);
        }

        _findings.AddRange(report.Findings);
    }

    private CuResult OnFunction(string call, nint function, Func<SimulatedContext, SimulatedFunction, CuResult> body) => InContext(call, CallRule.None, context =>
        _handles.Find<SimulatedFunction>(function) is SimulatedFunction found && found.Owner.Context == context ? body(context, found) : Invalid(function, "function"));
}
