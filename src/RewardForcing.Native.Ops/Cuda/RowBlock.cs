using RewardForcing.Native.Cuda;

namespace RewardForcing.Native.Ops;

/// <summary>How the threads of a block share rows whose elements are summed. Twin of <c>kernels/common/rows.cuh</c>.</summary>
/// <param name="Width">Elements to an access.</param>
/// <param name="Rows">Rows of a block; with one, several warps share it.</param>
internal readonly record struct RowBlock(int Width, int Rows)
{
    private const int Warp = 32;
    private const int RowsOfBlock = 8;
    private const int WarpsOfRow = 4;

    /// <summary>Threads of a block.</summary>
    public CudaExtent Threads => Rows > 1 ? new CudaExtent(Warp, Rows) : new CudaExtent(Warp * WarpsOfRow);

    /// <summary>Chooses for rows of so many channels, of which <paramref name="width"/> fit an access.</summary>
    public static RowBlock For(int channels, int width)
    {
        // Narrower accesses where wide ones would leave half of the lanes without any; channels that are rotated stay in pairs.
        while (width > 2 && channels <= Warp / 2 * width)
        {
            width /= 2;
        }

        // A warp goes over a short row alone, eight of them to a block; a long row gets a block of its own.
        return new RowBlock(width, channels <= 2 * Warp * width ? RowsOfBlock : 1);
    }

    /// <summary>Sets the macros.</summary>
    public KernelCall Define(KernelCall call) => call.Define("RF_N", Width).Define("RF_WARPS", Rows > 1 ? 1 : WarpsOfRow);
}
