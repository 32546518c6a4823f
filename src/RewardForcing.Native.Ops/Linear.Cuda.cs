using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

public static partial class Linear
{
    internal static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        using Scope scope = pass.BeginScope();
        weight = ProductLaunch.Widen(pass, x, weight);
        if (LibraryProduct.Of(x, weight, bias, activation) is not { } product)
        {
            Own(cuda, x, weight, bias, activation, y);
            return;
        }

        bool isWhole = activation == Activation.None || LibraryProduct.Fuses(x, activation);
        Tensor sum = isWhole ? y : pass.New(y.Shape, y.DType);
        Action? rest = isWhole ? null : () => Unary.ForwardCuda(cuda, sum, y, activation);
        cuda.Multiply(product, LibraryProduct.Operands(x, weight, bias, sum), () => Own(cuda, x, weight, bias, activation, y), rest);
        cuda.LookAt(y, "linear");
    }

    private static void Own(CudaDevice cuda, Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor y)
    {
        (int inputs, int outputs, long rows) = (x.Shape[^1], y.Shape[^1], y.Shape.Rows);
        if (HopperProduct.Choose(cuda, rows, outputs, inputs, x, weight, bias) is { } hopper)
        {
            KernelCall large = new KernelCall(cuda, "linear_sm90").Define("RF_T", x.DType).Define("RF_B", (bias ?? x).DType).Define("RF_ACTIVATION", (int)activation).Pointer(y);
            hopper.Right(hopper.Left(large, x, rows, inputs), weight, outputs, inputs).Pointer(bias).Long(rows).Int(outputs, inputs);
            hopper.Run(large, "linear_forward", rows, outputs);
            return;
        }

        KernelCall call = new KernelCall(cuda, "linear")
            .Define("RF_T", x.DType).Define("RF_W", weight.DType).Define("RF_B", (bias ?? x).DType).Define("RF_ACTIVATION", (int)activation)
            .Pointer(y).Pointer(x).Pointer(weight).Pointer(bias).Long(rows).Int(outputs, inputs);
        ProductLaunch.Choose(cuda, rows, outputs, inputs, x, weight).Run(call, "linear_forward", rows, outputs);
    }
}
