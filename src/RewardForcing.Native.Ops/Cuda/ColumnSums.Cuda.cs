using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

internal static unsafe partial class ColumnSums
{
    private const int Lanes32 = 32;
    private const int Lines = 8;

    // The second axis of a grid holds no more.
    private const int MostGroups = 65535;

    // Blocks that keep a large device busy, and rows below which a part is not worth its place in memory.
    private const int WantedBlocks = 528;
    private const int FewestPartRows = 64;

    /// <summary>Adds up the rows of each group of a tensor on a CUDA device, or the products of the rows of two tensors.</summary>
    /// <param name="back">Owns what the launches need meanwhile.</param>
    /// <param name="cuda">Its device.</param>
    /// <param name="groups">Groups of consecutive rows.</param>
    /// <param name="x">What is added up; F32 or BF16, its elements seen as rows as long as a group's part of the result.</param>
    /// <param name="factor">What each element is multiplied by, of the shape and type of <paramref name="x"/>; null for nothing.</param>
    /// <param name="total">Where the sums go, <c>[groups, columns]</c>.</param>
    public static void OfRows(Pass back, CudaDevice cuda, long groups, Tensor x, Tensor? factor, Tensor total)
    {
        if (x.Count == 0 || total.Count == 0)
        {
            total.Clear();
            return;
        }

        (int columns, long rows) = (checked((int)(total.Count / groups)), x.Count / total.Count);
        Run(back, groups, rows, columns, KernelPlan.Width(columns, x, factor), total, (partial, each) => new KernelCall(cuda, "column_sums")
            .Define("RF_T", x.DType).Define("RF_W", total.DType).Define("RF_PRODUCT", factor is null ? 0 : 1)
            .Pointer(partial).Pointer(x).Pointer(factor).Long(rows).Long(each).Int(columns), "column_sums_backward_partial", cuda);
    }

    /// <summary>Launches a kernel of <c>kernels/common/column_sums.cuh</c> and adds up its parts.</summary>
    /// <param name="back">Owns what the launches need meanwhile.</param>
    /// <param name="groups">Groups of consecutive rows.</param>
    /// <param name="rows">Rows of a group, at least one.</param>
    /// <param name="columns">Columns, at least one.</param>
    /// <param name="width">Elements to an access.</param>
    /// <param name="total">Where the sums go, <c>[groups, columns]</c>; null where nobody wants them.</param>
    /// <param name="call">Makes the launch, given where sums of parts go and how many rows a part has.</param>
    /// <param name="entry">The kernel.</param>
    /// <param name="cuda">The device.</param>
    public static void Run(
        Pass back, long groups, long rows, int columns, int width, Tensor? total, Func<Tensor?, long, KernelCall> call, string entry, CudaDevice cuda)
    {
        using Scope scope = back.BeginScope();
        long across = KernelPlan.Blocks(columns, (long)Lanes32 * width) * groups;
        long parts = Math.Clamp(WantedBlocks / across, 1, (rows + FewestPartRows - 1) / FewestPartRows);
        long each = (((rows + parts - 1) / parts) + Lines - 1) / Lines * Lines;
        parts = KernelPlan.Blocks(rows, each);

        // Sums of one part are the whole.
        bool isWhole = parts == 1 && total?.DType == DType.F32;
        Tensor? partial = total is null || isWhole ? total : back.New(new Shape(checked((int)(groups * parts)), columns));
        call(partial, each).Define("RF_N", width).Run(entry, new CudaExtent(checked((int)across), (int)parts), new CudaExtent(Lanes32, Lines));
        if (total is not null && !isWhole)
        {
            Total(cuda, groups, (int)parts, columns, partial!, total);
        }
    }

    /// <summary>Adds up sums of parts, <c>[groups, parts, columns]</c>, in order.</summary>
    /// <param name="cuda">The device.</param>
    /// <param name="groups">Groups, at least one.</param>
    /// <param name="parts">Parts of a group.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="partial">F32.</param>
    /// <param name="total">Where the sums go, <c>[groups, columns]</c>.</param>
    public static void Total(CudaDevice cuda, long groups, int parts, int columns, Tensor partial, Tensor total) =>
        new KernelCall(cuda, "column_sums").Define("RF_T", DType.F32).Define("RF_W", total.DType).Define("RF_PRODUCT", 0).Define("RF_N", 1)
            .Pointer(total).Pointer(partial).Long(groups).Int(parts, columns)
            .Run("column_sums_backward", new CudaExtent(KernelPlan.Blocks(columns, Lanes32), (int)Math.Min(groups, MostGroups)), new CudaExtent(Lanes32, Lines));
}
