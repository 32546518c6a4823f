using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class Linear
{
    // dx = dy W, dW = dyᵀ x, dbias = sum over rows of dy.
    private static Tensor?[] Backward(Pass pass, Tensor dy, Tensor x, Tensor weight, Tensor? bias)
    {
        if (pass.Device is CudaDevice cuda)
        {
            (Tensor? dweightCuda, Tensor? dbiasCuda) = WeightGradientsCuda(pass, cuda, dy, x, weight, bias);
            return [x.NeedsGrad ? InputGradientCuda(pass, cuda, dy, x, weight) : null, dweightCuda, dbiasCuda];
        }

        (Tensor? dx, Tensor? dweight, Tensor? dbias) = (Gradients.New(pass, x), Gradients.New(pass, weight), Gradients.New(pass, bias));
        CpuDevice cpu = Check.Cpu(Op, pass.Device);
        int outputs = dy.Shape[^1];
        if (dx is { Count: > 0 })
        {
            Product(cpu, dy, pass.Reshape(weight, new Shape(outputs, x.Shape[^1])), dx);
        }

        if (dweight is not null)
        {
            BackwardWeight(pass, cpu, dy, x, dweight);
        }

        if (dbias is not null)
        {
            ColumnSums.OfRows(cpu, 1, dy, dbias);
        }

        return [dx, dweight, dbias];
    }

    private static void BackwardWeight(Pass pass, CpuDevice cpu, Tensor dy, Tensor x, Tensor dweight)
    {
        (int outputs, int inputs, int rows) = (dy.Shape[^1], x.Shape[^1], checked((int)dy.Shape.Rows));
        if (rows == 0)
        {
            dweight.Clear();
            return;
        }

        // Rows of the left operand are read along their length, so what they come from is turned first.
        Tensor turned = pass.New(new Shape(outputs, rows));
        Turn(cpu, dy, turned);
        Product(cpu, turned, pass.Reshape(x, new Shape(rows, inputs)), pass.Reshape(dweight, new Shape(outputs, inputs)));
    }

    // y = a b for a [M, K] and b [K, N].
    private static void Product(CpuDevice cpu, Tensor a, Tensor b, Tensor y) =>
        PanelProduct.Run(
            cpu, SimdPaths.Best, new DenseRows(a.Address, (long)a.Shape[^1] * a.DType.Size()), a.DType, Filter.Turned(b), new ProductFinish(y, null, Activation.None));

    // y[c, r] = x[r, c] as floats.
    private static unsafe void Turn(CpuDevice cpu, Tensor x, Tensor y)
    {
        (int columns, int rows) = (y.Shape[0], y.Shape[1]);
        Elements source = new(x);
        float* target = (float*)y.Address;
        cpu.Workers.For((rows + Transposition.Group - 1) / Transposition.Group, item =>
        {
            int first = item * Transposition.Group, group = Math.Min(Transposition.Group, rows - first);
            using ScratchMemory memory = new(cpu, ScratchMemory.SizeOf<float>((long)group * columns));
            float* values = memory.Take<float>((long)group * columns);
            source.Widen((long)first * columns, new Span<float>(values, group * columns));
            float** lines = stackalloc float*[Transposition.Group];
            for (int r = 0; r < group; r++)
            {
                lines[r] = values + ((long)r * columns);
            }

            Transposition.Run(lines, group, columns, target + first, rows);
        });
    }
}
