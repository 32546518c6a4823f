using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>Table look-up.</summary>
public static class Embedding
{
    private const string Op = "embedding";

    /// <summary>Gathers rows of a table.</summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="table">Rows, <c>[V, C]</c>; any float type, read in place.</param>
    /// <param name="ids">Row numbers, any shape <c>[...]</c>, I32.</param>
    /// <param name="dtype">Type of the result: F32 or BF16.</param>
    /// <returns><c>[..., C]</c>.</returns>
    /// <exception cref="ArgumentException">An id is not below V, or <paramref name="ids"/> is not I32.</exception>
    public static Tensor Forward(Pass pass, Tensor table, Tensor ids, DType dtype = DType.F32)
    {
        Check.Rank(Op, table, 2, "[V, C]");
        Check.Weight(Op, table);
        Check.That(ids.DType == DType.I32, Op, $"ids must be I32, got {ids.DType}.");
        Check.That(dtype is DType.F32 or DType.BF16, Op, $"the result must be F32 or BF16, got {dtype}.");
        Check.That(ids.Shape.Rank < Shape.MaxRank, Op, $"ids must have fewer than {Shape.MaxRank} dimensions, got {ids.Shape}.");
        int[] rows = ids.ToArray<int>();
        foreach (int id in rows)
        {
            Check.That(id >= 0 && id < table.Shape[0], Op, $"ids must be below {table.Shape[0]}, the rows of table {table.Shape}, got {id}.");
        }

        int channels = table.Shape[1];
        Tensor y = pass.New(new Shape([.. ids.Shape.ToArray(), channels]), dtype);
        pass.Record(y, [table], [], (back, dy) => [Backward(back, dy, table, rows)]);
        if (pass.Device is CudaDevice cuda)
        {
            ForwardCuda(cuda, table, ids, y);
            return y;
        }

        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        (Elements source, Elements target) = (new(table), new(y));
        Chunks.Rows(cpu, rows.Length, channels, channels, (first, count, scratch) =>
        {
            for (long row = first; row < first + count; row++)
            {
                Span<float> result = target.Target(row * channels, channels, scratch);
                source.Widen((long)rows[row] * channels, result);
                target.Commit(row * channels, result);
            }
        });
        return y;
    }

    // Rows that are looked up several times get the sum, in the order of the ids: threads share the columns, not the rows.
    private static Tensor? Backward(Pass pass, Tensor dy, Tensor table, int[] ids)
    {
        if (pass.Device is CudaDevice cuda)
        {
            return BackwardCuda(pass, cuda, dy, table, ids);
        }

        Tensor dtable = pass.Zeros(table.Shape);
        int channels = table.Shape[1];
        (Elements grads, Elements target) = (new(dy), new(dtable));
        int piece = Math.Max(Lanes.Width, Chunks.Block / Math.Max(ids.Length, 1) / Lanes.Width * Lanes.Width);
        Check.Cpu(Op, pass.Device).Workers.For((channels + piece - 1) / piece, item =>
        {
            int first = item * piece, count = Math.Min(piece, channels - first);
            float[] scratch = new float[count];
            for (int i = 0; i < ids.Length; i++)
            {
                Lanes.Add(target.Target(((long)ids[i] * channels) + first, count, []), grads.Read(((long)i * channels) + first, count, scratch));
            }
        });
        return Gradients.TypeOf(table) == DType.F32 ? dtable : Cast.Forward(pass, dtable, table.DType);
    }

    // The ids are on the host, so they are sorted there.
    private static Tensor BackwardCuda(Pass pass, CudaDevice cuda, Tensor dy, Tensor table, int[] ids)
    {
        Tensor dtable = pass.Zeros(table.Shape, Gradients.TypeOf(table));
        if (dy.Count == 0)
        {
            return dtable;
        }

        using Scope scope = pass.BeginScope();
        int channels = table.Shape[1];
        int[] places = [.. Enumerable.Range(0, ids.Length).OrderBy(place => ids[place])];
        int[] first = [.. Enumerable.Range(0, ids.Length).Where(i => i == 0 || ids[places[i]] != ids[places[i - 1]])];
        int[] used = Array.ConvertAll(first, i => ids[places[i]]);
        new KernelCall(cuda, "embedding").Define("RF_T", dy.DType).Define("RF_W", dtable.DType).Pointer(dtable).Pointer(dy)
            .Pointer(pass.From<int>(new Shape(used.Length), used)).Pointer(pass.From<int>(new Shape(used.Length + 1), [.. first, ids.Length]))
            .Pointer(pass.From<int>(new Shape(places.Length), places)).Int(used.Length, channels)
            .RunColumns("embedding_backward", used.Length, channels, KernelPlan.Width(channels, dtable, dy));
        return dtable;
    }

    private static void ForwardCuda(CudaDevice cuda, Tensor table, Tensor ids, Tensor y) =>
        new KernelCall(cuda, "embedding").Define("RF_T", y.DType).Define("RF_W", table.DType).Pointer(y).Pointer(table).Pointer(ids).Long(ids.Count).Int(table.Shape[1])
            .RunColumns("embedding_forward", ids.Count, table.Shape[1], KernelPlan.Width(table.Shape[1], y, table));
}
