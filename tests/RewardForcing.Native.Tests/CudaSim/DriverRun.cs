using System.Runtime.InteropServices;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim;
using Xunit;

namespace RewardForcing.Native.Tests.CudaSim;

/// <summary>A simulated driver with its context current, a stream and a pool.</summary>
internal sealed unsafe class DriverRun : IDisposable
{
    /// <summary>y[i] = factor * x[i] for i &lt; count; the one kernel of most driver tests, small enough to read.</summary>
    public const string ScalePtx = """
        .version 8.4
        .target sm_80
        .address_size 64
        .global .align 4 .u32 marker = 7;
        .visible .entry scale(.param .u64 y, .param .u64 x, .param .u32 count, .param .f32 factor) .maxntid 128, 1, 1
        {
            .reg .pred %p<2>;
            .reg .b32 %r<8>;
            .reg .f32 %f<4>;
            .reg .b64 %rd<8>;
            ld.param.u64 %rd1, [y];
            ld.param.u64 %rd2, [x];
            ld.param.u32 %r1, [count];
            ld.param.f32 %f1, [factor];
            mov.u32 %r2, %ctaid.x;
            mov.u32 %r3, %ntid.x;
            mov.u32 %r4, %tid.x;
            mad.lo.s32 %r5, %r2, %r3, %r4;
            setp.ge.u32 %p1, %r5, %r1;
            @%p1 bra DONE;
            mul.wide.u32 %rd3, %r5, 4;
            add.s64 %rd4, %rd2, %rd3;
            add.s64 %rd5, %rd1, %rd3;
            ld.global.f32 %f2, [%rd4];
            mul.f32 %f3, %f2, %f1;
            st.global.f32 [%rd5], %f3;
        DONE:
            ret;
        }
        """;

    public DriverRun(SimulatedDriverOptions? options = null)
    {
        Driver = new SimulatedDriver(options);
        Ok(Driver.Initialize());
        Ok(Driver.RetainContext(0, out nint context));
        Ok(Driver.SetCurrentContext(context));
        Ok(Driver.CreateStream(0, out nint stream));
        Ok(Driver.CreatePool(0, out nint pool));
        (Context, Stream, Pool) = (context, stream, pool);
    }

    public SimulatedDriver Driver { get; }

    public nint Context { get; }

    public nint Stream { get; }

    public nint Pool { get; }

    public void Ok(CuResult result) => Assert.True(result == CuResult.Success, $"{result}: {Driver.LastDetail}");

    public nint LoadScale()
    {
        Ok(Driver.LoadModule(new KernelImage("scale.cu", "sm_80", ScalePtx, default), out nint module));
        Ok(Driver.GetFunction(module, "scale", out nint function));
        return function;
    }

    public ulong Allocate(ulong bytes)
    {
        Ok(Driver.AllocateAsync(bytes, Pool, Stream, out ulong address));
        return address;
    }

    public ulong Upload<T>(params T[] values)
        where T : unmanaged
    {
        ulong address = Allocate((ulong)(values.Length * sizeof(T)));
        fixed (T* host = values)
        {
            Ok(Driver.CopyToDevice(address, (nint)host, (ulong)(values.Length * sizeof(T)), Stream));
            Ok(Driver.SynchronizeStream(Stream));
        }

        return address;
    }

    public T[] Download<T>(ulong address, int count)
        where T : unmanaged
    {
        var values = new T[count];
        fixed (T* host = values)
        {
            Ok(Driver.CopyToHost((nint)host, address, (ulong)(count * sizeof(T)), Stream));
            Ok(Driver.SynchronizeStream(Stream));
        }

        return values;
    }

    public static byte[] ScaleArguments(ulong y, ulong x, int count, float factor)
    {
        var image = new byte[24];
        MemoryMarshal.Write(image, y);
        MemoryMarshal.Write(image.AsSpan(8), x);
        MemoryMarshal.Write(image.AsSpan(16), count);
        MemoryMarshal.Write(image.AsSpan(20), factor);
        return image;
    }

    public CuResult Scale(nint function, ulong y, ulong x, int count, float factor, nint stream = 0) =>
        Driver.Launch(function, new LaunchShape((count + 127) / 128, 128), ScaleArguments(y, x, count, factor), stream == 0 ? Stream : stream);

    public void Dispose() => Driver.Dispose();
}
