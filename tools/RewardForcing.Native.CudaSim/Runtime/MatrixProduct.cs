using RewardForcing.Native.Cuda;
using RewardForcing.Native.CudaSim.Checking;

namespace RewardForcing.Native.CudaSim.Runtime;

/// <summary>One product with its addresses, ready to run.</summary>
/// <param name="context">Where its memory is.</param>
/// <param name="product">What it is.</param>
/// <param name="operands">Its addresses.</param>
/// <param name="workspaceBytes">Scratch memory its algorithm uses.</param>
internal sealed unsafe class MatrixProduct(SimulatedContext context, BlasProduct product, BlasOperands operands, ulong workspaceBytes)
{
    private const float GeluFactor = 0.7978845608028654f;
    private const float GeluCube = 0.044715f;

    private readonly record struct Range(string Name, ulong Address, ulong Bytes, bool IsRead, bool IsWritten);

    private int M => (int)product.D.Rows;

    private int N => (int)product.D.Columns;

    private int K => (int)product.Depth;

    private BlasElement AuxElement => product.D.Element is BlasElement.Float8E4M3 or BlasElement.Float8E5M2 ? BlasElement.BFloat16 : product.D.Element;

    private bool ReadsC => operands.Beta != 0;

    private ulong AddressOfC => operands.C == 0 ? operands.D : operands.C;

    /// <summary>What it is, for messages.</summary>
    public string Name => $"matrix product [{M}, {K}] x [{K}, {N}]";

    /// <summary>Says what is wrong with its addresses, or null.</summary>
    public string? Misused()
    {
        List<Range> ranges = Ranges();
        foreach (Range range in ranges)
        {
            string? problem = range.Address == 0 ? $"{Name}: {range.Name} has no address." : context.Misused($"{Name}: {range.Name}", range.Address, range.Bytes);
            if (problem is not null)
            {
                return problem;
            }
        }

        foreach (Range written in ranges.Where(range => range.IsWritten))
        {
            foreach (Range other in ranges)
            {
                bool isInPlace = other.Name == "C" && written.Name == "D" && other.Address == written.Address && product.C.LeadingDimension == product.D.LeadingDimension;
                if (other != written && !isInPlace && other.Address < written.Address + written.Bytes && written.Address < other.Address + other.Bytes)
                {
                    return $"{Name}: {written.Name} is written and overlaps {other.Name}.";
                }
            }
        }

        return null;
    }

    /// <summary>Multiplies.</summary>
    public void Run()
    {
        CheckWritten();
        if (workspaceBytes > 0)
        {
            System.Runtime.InteropServices.NativeMemory.Fill(context.Memory.Host(operands.Workspace, workspaceBytes), (nuint)workspaceBytes, 0xFF);
        }

        for (int batch = 0; batch < product.Batch; batch++)
        {
            using var panels = new ProductPanels(M, N, K);
            PackA(panels, batch);
            PackB(panels, batch);
            Multiply(panels, batch);
            Gradients(panels);
        }

        foreach (Range range in Ranges())
        {
            if (range.IsWritten)
            {
                context.Memory.MarkWritten(range.Address, range.Bytes);
            }

            context.Order?.Use(context.Memory, range.Address, range.Bytes, range.IsWritten);
        }

        if (workspaceBytes > 0)
        {
            context.Writes(operands.Workspace, workspaceBytes);
        }
    }

    private static ulong Extent(in BlasMatrix matrix, int batch) => (ulong)BlasRules.Bytes(matrix.Element) *
        (ulong)(((batch - 1) * Math.Max(0, matrix.BatchStride)) + ((matrix.Columns - 1) * matrix.LeadingDimension) + matrix.Rows);

    private List<Range> Ranges()
    {
        List<Range> ranges =
        [
            new("A", operands.A, Extent(product.A, product.Batch), true, false),
            new("B", operands.B, Extent(product.B, product.Batch), true, false),
            new("D", operands.D, Extent(product.D, product.Batch), false, true),
        ];
        if (ReadsC)
        {
            ranges.Add(new("C", AddressOfC, Extent(product.C, product.Batch), true, false));
        }

        if (product.UsesBias)
        {
            bool writes = product.Epilogue is BlasEpilogue.BiasGradientA or BlasEpilogue.BiasGradientB or BlasEpilogue.GeluGradientBiasGradient;
            int count = product.Epilogue == BlasEpilogue.BiasGradientB ? N : M;
            ranges.Add(new("the bias", operands.Bias, (ulong)(count * BlasRules.Bytes(product.BiasElement)), !writes, writes));
        }

        if (product.UsesAux)
        {
            bool reads = product.Epilogue is BlasEpilogue.GeluGradient or BlasEpilogue.GeluGradientBiasGradient;
            long elements = (product.AuxLeadingDimension * (((long)N * product.Batch) - 1)) + M;
            ranges.Add(new("the auxiliary matrix", operands.Aux, (ulong)(elements * BlasRules.Bytes(AuxElement)), reads, !reads));
        }

        if (product.Scaled)
        {
            ranges.Add(new("the scale of A", operands.ScaleA, sizeof(float), true, false));
            ranges.Add(new("the scale of B", operands.ScaleB, sizeof(float), true, false));
        }

        if (workspaceBytes > 0)
        {
            ranges.Add(new("the scratch memory", operands.Workspace, workspaceBytes, false, true));
        }

        return ranges;
    }

    private void CheckWritten()
    {
        if (!context.Memory.TracksWrites)
        {
            return;
        }

        CheckWritten("A", operands.A, product.A);
        CheckWritten("B", operands.B, product.B);
        if (ReadsC)
        {
            CheckWritten("C", AddressOfC, product.C);
        }

        foreach (Range range in Ranges().Where(range => range.IsRead && range.Name is not ("A" or "B" or "C" or "the auxiliary matrix")))
        {
            CheckWritten(range.Name, range.Address, range.Bytes);
        }

        if (product.UsesAux && product.Epilogue is BlasEpilogue.GeluGradient or BlasEpilogue.GeluGradientBiasGradient)
        {
            CheckWritten("the auxiliary matrix", operands.Aux, new BlasMatrix(AuxElement, M, N, product.AuxLeadingDimension, product.AuxLeadingDimension * N));
        }
    }

    private void CheckWritten(string name, ulong address, in BlasMatrix matrix)
    {
        int bytes = BlasRules.Bytes(matrix.Element);
        for (int batch = 0; batch < (matrix.BatchStride == 0 ? 1 : product.Batch); batch++)
        {
            for (long column = 0; column < matrix.Columns; column++)
            {
                CheckWritten(name, address + (ulong)(((batch * matrix.BatchStride) + (column * matrix.LeadingDimension)) * bytes), (ulong)(matrix.Rows * bytes));
            }
        }
    }

    private void CheckWritten(string name, ulong address, ulong bytes)
    {
        if (context.Memory.FirstUnwritten(address, bytes) is ulong at)
        {
            throw new DeviceFault(new Finding(FindingKind.Uninitialised, $"{FindingKind.Uninitialised}: {Name} reads {name}, in which nothing was written to {context.Memory.Describe(at, 1)}"));
        }
    }

    // Perturbed, sums run over K from its end.
    private int Source(int k) => context.Options.Execution.Perturb ? K - 1 - k : k;

    private float Factor(float value) => product.Compute == BlasCompute.FastTf32 ? BlasElements.ToTf32(value) : value;

    private void PackA(ProductPanels panels, int batch)
    {
        BlasMatrix a = product.A;
        byte* from = Matrix(operands.A, a, batch);
        Parallel(ProductPanels.Panels(M, ProductPanels.Rows), panel =>
        {
            float* to = panels.A(panel);
            int first = panel * ProductPanels.Rows, count = Math.Min(ProductPanels.Rows, M - first);
            new Span<float>(to, ProductPanels.Rows * K).Clear();
            float* column = stackalloc float[ProductPanels.Rows];
            for (int k = 0; k < K; k++)
            {
                if (!product.TransposeA)
                {
                    BlasElements.Read(from, (Source(k) * a.LeadingDimension) + first, a.Element, column, count);
                }

                for (int i = 0; i < count; i++)
                {
                    float value = product.TransposeA ? BlasElements.Read(from, ((first + i) * a.LeadingDimension) + Source(k), a.Element) : column[i];
                    to[((long)k * ProductPanels.Rows) + i] = Factor(value);
                }
            }
        });
    }

    private void PackB(ProductPanels panels, int batch)
    {
        BlasMatrix b = product.B;
        byte* from = Matrix(operands.B, b, batch);
        Parallel(ProductPanels.Panels(N, ProductPanels.Columns), panel =>
        {
            float* to = panels.B(panel);
            int first = panel * ProductPanels.Columns, count = Math.Min(ProductPanels.Columns, N - first);
            new Span<float>(to, ProductPanels.Columns * K).Clear();
            for (int i = 0; i < count; i++)
            {
                for (int k = 0; k < K; k++)
                {
                    long index = product.TransposeB ? (Source(k) * b.LeadingDimension) + first + i : ((first + i) * b.LeadingDimension) + Source(k);
                    to[((long)k * ProductPanels.Columns) + i] = Factor(BlasElements.Read(from, index, b.Element));
                }
            }
        });
    }

    private void Multiply(ProductPanels panels, int batch)
    {
        byte* c = ReadsC ? Matrix(AddressOfC, product.C, batch) : null, d = Matrix(operands.D, product.D, batch);
        byte* aux = product.UsesAux ? context.Memory.Host(operands.Aux, 1) + (batch * product.AuxLeadingDimension * N * BlasRules.Bytes(AuxElement)) : null;
        byte* bias = product.UsesBias ? context.Memory.Host(operands.Bias, 1) : null;
        float scale = operands.Alpha;
        if (product.Scaled)
        {
            scale *= *(float*)context.Memory.Host(operands.ScaleA, sizeof(float)) * *(float*)context.Memory.Host(operands.ScaleB, sizeof(float));
        }

        // A row of tiles of D belongs to one thread, so that sums over columns are formed by one.
        Parallel(ProductPanels.Panels(M, ProductPanels.Rows), rowPanel =>
        {
            float* tile = stackalloc float[ProductPanels.Rows * ProductPanels.Columns];
            float* sums = stackalloc float[ProductPanels.Rows];
            new Span<float>(sums, ProductPanels.Rows).Clear();
            int firstRow = rowPanel * ProductPanels.Rows, rows = Math.Min(ProductPanels.Rows, M - firstRow);
            for (int columnPanel = 0; columnPanel < ProductPanels.Panels(N, ProductPanels.Columns); columnPanel++)
            {
                panels.Tile(rowPanel, columnPanel, tile);
                for (int j = 0; j < ProductPanels.Columns && (columnPanel * ProductPanels.Columns) + j < N; j++)
                {
                    long column = (columnPanel * ProductPanels.Columns) + j;
                    for (int i = 0; i < rows; i++)
                    {
                        long row = firstRow + i;
                        float value = scale * tile[(j * ProductPanels.Rows) + i];
                        value += c == null ? 0 : operands.Beta * BlasElements.Read(c, row + (column * product.C.LeadingDimension), product.C.Element);
                        value = Finish(value, row, bias, aux, row + (column * product.AuxLeadingDimension));
                        sums[i] += value;
                        BlasElements.Write(d, row + (column * product.D.LeadingDimension), product.D.Element, value);
                    }
                }
            }

            for (int i = 0; i < rows && product.Epilogue == BlasEpilogue.GeluGradientBiasGradient; i++)
            {
                BlasElements.Write(bias, firstRow + i, product.BiasElement, sums[i]);
            }
        });
    }

    private float Finish(float value, long row, byte* bias, byte* aux, long auxIndex)
    {
        switch (product.Epilogue)
        {
            case BlasEpilogue.Bias:
                return value + BlasElements.Read(bias, row, product.BiasElement);
            case BlasEpilogue.Gelu:
                return Gelu(value);
            case BlasEpilogue.GeluBias:
                return Gelu(value + BlasElements.Read(bias, row, product.BiasElement));
            case BlasEpilogue.GeluAux or BlasEpilogue.GeluAuxBias:
                value += product.Epilogue == BlasEpilogue.GeluAuxBias ? BlasElements.Read(bias, row, product.BiasElement) : 0;
                BlasElements.Write(aux, auxIndex, AuxElement, value);
                return Gelu(value);
            case BlasEpilogue.GeluGradient or BlasEpilogue.GeluGradientBiasGradient:
                return value * GeluSlope(BlasElements.Read(aux, auxIndex, AuxElement));
            default:
                return value;
        }
    }

    private static float Gelu(float x) => 0.5f * x * (1 + MathF.Tanh(GeluFactor * (x + (GeluCube * x * x * x))));

    private static float GeluSlope(float x)
    {
        float t = MathF.Tanh(GeluFactor * (x + (GeluCube * x * x * x)));
        return (0.5f * (1 + t)) + (0.5f * x * (1 - (t * t)) * GeluFactor * (1 + (3 * GeluCube * x * x)));
    }

    private void Gradients(ProductPanels panels)
    {
        bool ofA = product.Epilogue == BlasEpilogue.BiasGradientA;
        if (!ofA && product.Epilogue != BlasEpilogue.BiasGradientB)
        {
            return;
        }

        byte* bias = context.Memory.Host(operands.Bias, 1);
        int width = ofA ? ProductPanels.Rows : ProductPanels.Columns;
        for (int i = 0; i < (ofA ? M : N); i++)
        {
            float* panel = ofA ? panels.A(i / width) : panels.B(i / width);
            float sum = 0;
            for (int k = 0; k < K; k++)
            {
                sum += panel[((long)k * width) + (i % width)];
            }

            BlasElements.Write(bias, i, product.BiasElement, sum);
        }
    }

    private byte* Matrix(ulong address, in BlasMatrix matrix, int batch) =>
        context.Memory.Host(address, Extent(matrix, product.Batch)) + (batch * matrix.BatchStride * BlasRules.Bytes(matrix.Element));

    private void Parallel(int count, Action<int> body)
    {
        if ((long)M * N * K < 1 << 16 || context.Options.Execution.Threads == 1)
        {
            for (int i = 0; i < count; i++)
            {
                body(i);
            }

            return;
        }

        System.Threading.Tasks.Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = context.Options.Execution.Threads }, body);
    }
}
