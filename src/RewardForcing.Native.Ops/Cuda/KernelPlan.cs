using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>How kernels over elements and over rows are spread on blocks, and how wide their accesses are.</summary>
internal static class KernelPlan
{
    /// <summary>Threads of a block of elementwise work.</summary>
    public const int Threads = 256;

    private const int Warp = 32;

    // The second axis of a grid holds no more; kernels go on in steps of it.
    private const int MostBlocks = 65535;

    /// <summary>Elements to an access: as many as fit 16 bytes of the narrowest tensor, divide <paramref name="extent"/>, and are aligned in all tensors.</summary>
    /// <param name="extent">Elements after which an access must not run on: the length of a row or a period.</param>
    /// <param name="tensors">All tensors accessed so; nulls are passed over.</param>
    public static int Width(long extent, params ReadOnlySpan<Tensor?> tensors)
    {
        int width = 1;
        foreach (Tensor? tensor in tensors)
        {
            width = tensor is null ? width : Math.Max(width, Math.Min(8, 16 / tensor.DType.Size()));
        }

        while (width > 1 && !Fits(width, extent, tensors))
        {
            width /= 2;
        }

        return width;
    }

    /// <summary>Launches elementwise work over <paramref name="count"/> elements, <paramref name="width"/> to a thread.</summary>
    public static void RunFlat(this KernelCall call, string entry, long count, int width)
    {
        if (count > 0)
        {
            call.Define("RF_N", width).Run(entry, new CudaExtent(Blocks(count, (long)Threads * width)), new CudaExtent(Threads));
        }
    }

    /// <summary>Launches elementwise work on tensors <c>[B, ...]</c>, the result first, and a number for each of their entries, which is brought to the device.</summary>
    public static void RunEntries(this KernelCall call, Pass pass, string entry, ReadOnlySpan<float> numbers, params ReadOnlySpan<Tensor?> tensors)
    {
        long count = tensors[0]!.Count;
        if (count > 0)
        {
            using Scope scope = pass.BeginScope();
            long elements = count / numbers.Length;
            foreach (Tensor? tensor in tensors)
            {
                call.Pointer(tensor);
            }

            call.Pointer(pass.From(new Shape(numbers.Length), numbers)).Long(count).Long(elements).RunFlat(entry, count, Width(elements, tensors));
        }
    }

    /// <summary>Launches work over rows whose threads talk to each other: RF_WARPS warps share a row.</summary>
    public static void RunRows(this KernelCall call, string entry, long rows, int channels, int width)
    {
        if (rows == 0 || channels == 0)
        {
            return;
        }

        RowBlock block = RowBlock.For(channels, width);
        block.Define(call).Run(entry, new CudaExtent(Blocks(rows, block.Rows)), block.Threads);
    }

    /// <summary>Launches work over rows and columns that are independent of each other.</summary>
    public static void RunColumns(this KernelCall call, string entry, long rows, int channels, int width)
    {
        if (rows > 0 && channels > 0)
        {
            int threads = Math.Min(Threads, Blocks(Blocks(channels, width), Warp) * Warp);
            CudaExtent grid = new(Blocks(channels, (long)threads * width), (int)Math.Min(rows, MostBlocks));
            call.Define("RF_N", width).Run(entry, grid, new CudaExtent(threads));
        }
    }

    /// <summary>Whether a device has tensor copies and products of warpgroups, as the kernels <c>*_sm90</c> use them.</summary>
    public static bool IsHopper(CudaDevice cuda) => cuda.Architecture == 90;

    /// <summary><c>ceil(count / each)</c>.</summary>
    public static int Blocks(long count, long each) => checked((int)((count + each - 1) / each));

    /// <summary>Whether a tensor can be read 16 bytes at a time.</summary>
    public static bool IsAligned(Tensor? tensor) => tensor is null || tensor.Address % 16 == 0;

    private static bool Fits(int width, long extent, ReadOnlySpan<Tensor?> tensors)
    {
        if (extent % width != 0)
        {
            return false;
        }

        foreach (Tensor? tensor in tensors)
        {
            if (tensor is not null && tensor.Address % Math.Min(16, width * tensor.DType.Size()) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
