using System.Globalization;
using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.KernelLab.Conformance;

/// <summary>Runs cases on a device, real or simulated, by the driver alone.</summary>
internal sealed unsafe class ConformanceDevice : IDisposable
{
    private readonly CudaDriver _driver;
    private readonly int _ordinal;
    private readonly nint _stream;

    /// <summary>Opens a device.</summary>
    /// <param name="driver">Its driver; stays the caller's.</param>
    /// <param name="ordinal">Its number.</param>
    /// <exception cref="CudaException">The driver refuses.</exception>
    public ConformanceDevice(CudaDriver driver, int ordinal)
    {
        (_driver, _ordinal) = (driver, ordinal);
        Require(driver.Initialize(), "cuInit");
        Require(driver.GetDeviceName(ordinal, out string name), "cuDeviceGetName");
        Require(driver.GetVersion(out int version), "cuDriverGetVersion");
        Require(driver.GetDeviceAttribute(ordinal, CudaDeviceAttribute.ComputeCapabilityMajor, out int major), "cuDeviceGetAttribute");
        Require(driver.GetDeviceAttribute(ordinal, CudaDeviceAttribute.ComputeCapabilityMinor, out int minor), "cuDeviceGetAttribute");
        Architecture = (10 * major) + minor;
        Title = string.Create(CultureInfo.InvariantCulture, $"{name}, compute capability {major}.{minor}, driver for CUDA {version / 1000}.{version % 1000 / 10}");
        Require(driver.RetainContext(ordinal, out nint context), "cuDevicePrimaryCtxRetain");
        Require(driver.SetCurrentContext(context), "cuCtxSetCurrent");
        Require(driver.CreateStream(0, out _stream), "cuStreamCreate");
    }

    /// <summary>Compute capability, 10 * major + minor.</summary>
    public int Architecture { get; }

    /// <summary>Product, capability and driver.</summary>
    public string Title { get; }

    /// <summary>Whether the device can run a case. What is for sm_90a runs on 9.0 alone.</summary>
    public bool Serves(ConformanceCase test) => test.Target switch
    {
        "sm_80" => Architecture >= 80,
        "sm_89" => Architecture >= 89,
        "sm_90" => Architecture >= 90,
        _ => Architecture == 90,
    };

    /// <summary>Runs a case.</summary>
    /// <param name="test">The case.</param>
    /// <param name="sets">Values of its file.</param>
    /// <returns>What its kernel stored.</returns>
    /// <exception cref="CudaException">The driver refuses the kernel, or running it fails.</exception>
    public ValueSet Run(ConformanceCase test, IReadOnlyDictionary<string, ValueSet> sets)
    {
        List<ulong> blocks = [];
        nint module = 0;
        try
        {
            Require(_driver.LoadModule(new KernelImage(test.Name, test.Target, ConformanceFrame.Module(test, sets), default), out module), "cuModuleLoadData", test.Name);
            Require(_driver.GetFunction(module, ConformanceFrame.Entry, out nint function), "cuModuleGetFunction", test.Name);
            byte[] result = new byte[test.Want.Bits.Count * ValueSet.WidthOf(test.Rule.Type)];
            byte[] arguments = Arguments(test, sets, result, blocks);
            Require(_driver.Launch(function, new LaunchShape(1, test.Threads), arguments, _stream), "cuLaunchKernelEx", test.Name);
            fixed (byte* host = result)
            {
                Require(_driver.CopyToHost((nint)host, blocks[0], (ulong)result.Length, _stream), "cuMemcpyDtoHAsync", test.Name);
                Require(_driver.SynchronizeStream(_stream), "cuStreamSynchronize", test.Name);
            }

            return ValueSet.FromBytes(test.Rule.Type, result);
        }
        finally
        {
            foreach (ulong block in blocks)
            {
                _driver.Free(block);
            }

            if (module != 0)
            {
                _driver.UnloadModule(module);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _driver.DestroyStream(_stream);
        _driver.SetCurrentContext(0);
        _driver.ReleaseContext(_ordinal);
    }

    // Results begin as ones everywhere, so that what was not stored is seen.
    private byte[] Arguments(ConformanceCase test, IReadOnlyDictionary<string, ValueSet> sets, byte[] result, List<ulong> blocks)
    {
        List<byte> image = [];
        result.AsSpan().Fill(0xFF);
        Append(image, BitConverter.GetBytes(Upload(result, blocks)), 8);
        foreach (ConformanceInput input in test.Inputs)
        {
            if (input.Set == ConformanceInput.Result)
            {
                Append(image, Map(input, blocks[0], test.Want.Width), 64);
                continue;
            }

            ValueSet set = sets[input.Set];
            if (input.Kind == "value")
            {
                Append(image, set.ToBytes()[..set.Width], set.Width);
                continue;
            }

            ulong address = Upload(set.ToBytes(), blocks);
            if (input.Kind == "map")
            {
                Append(image, Map(input, address, set.Width), 64);
            }
            else
            {
                Append(image, BitConverter.GetBytes(address), 8);
            }
        }

        return [.. image];
    }

    private static void Append(List<byte> image, byte[] argument, int alignment)
    {
        while (image.Count % alignment != 0)
        {
            image.Add(0);
        }

        image.AddRange(argument);
    }

    private byte[] Map(ConformanceInput input, ulong address, int width)
    {
        ulong[] extents = [.. input.Extents.Select(static extent => (ulong)extent)];
        ulong[] strides = new ulong[extents.Length - 1];
        for (int i = 0; i < strides.Length; i++)
        {
            strides[i] = (i == 0 ? (ulong)width : strides[i - 1]) * extents[i];
        }

        TensorMapLayout layout = new()
        {
            Element = Enum.Parse<TensorMapElement>(input.Element),
            Address = address,
            Extents = extents,
            ByteStrides = strides,
            Box = input.Box.Select(static extent => (uint)extent).ToArray(),
            Swizzle = input.Swizzle == 0 ? TensorMapSwizzle.None : Enum.Parse<TensorMapSwizzle>($"Bytes{input.Swizzle}"),
        };
        byte[] map = new byte[128];
        Require(_driver.EncodeTensorMap(layout, map), "cuTensorMapEncodeTiled");
        return map;
    }

    private ulong Upload(byte[] bytes, List<ulong> blocks)
    {
        Require(_driver.Allocate((ulong)bytes.Length, out ulong address), "cuMemAlloc");
        blocks.Add(address);
        fixed (byte* host = bytes)
        {
            Require(_driver.CopyToDevice(address, (nint)host, (ulong)bytes.Length, _stream), "cuMemcpyHtoDAsync");
            Require(_driver.SynchronizeStream(_stream), "cuStreamSynchronize");
        }

        return address;
    }

    private void Require(CuResult result, string call, string doing = "Opening a device for conformance cases.")
    {
        if (result != CuResult.Success)
        {
            throw new CudaException(call, result, _driver.DescribeResult(result), doing, _driver.LastDetail);
        }
    }
}
