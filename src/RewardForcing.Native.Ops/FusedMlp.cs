using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>The feed-forward of a block and its gated residual.</summary>
public static class FusedMlp
{
    private const string Op = "fused_mlp";

    /// <summary>
    /// Computes <c>y = x + gate * (down · gelu_tanh(up · input + upBias) + downBias)</c>; rounded where <see cref="Linear"/> and
    /// <see cref="GatedResidual"/> round after each other, so the bits are the same.
    /// </summary>
    /// <param name="pass">Where to run and what to record.</param>
    /// <param name="x">Residual stream, <c>[B, L, C]</c>, F32 or BF16.</param>
    /// <param name="input">Modulated tokens, same shape and type.</param>
    /// <param name="up">Weight, <c>[M, C]</c>; any float type.</param>
    /// <param name="upBias">Bias, <c>[M]</c>; may be null.</param>
    /// <param name="down">Weight, <c>[C, M]</c>; any float type.</param>
    /// <param name="downBias">Bias, <c>[C]</c>; may be null.</param>
    /// <param name="gate">One row per latent frame, <c>[B, F, C]</c>; L is a multiple of F.</param>
    /// <returns>A new tensor of the shape of <paramref name="x"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    /// <remarks>Wan 2.1 block. Spec: models 1.4(6).</remarks>
    public static Tensor Forward(Pass pass, Tensor x, Tensor input, Tensor up, Tensor? upBias, Tensor down, Tensor? downBias, Tensor gate)
    {
        Check.Activation(Op, x);
        Check.Shape(Op, input, x.Shape, "as x");
        Check.SameType(Op, input, x);
        Check.FrameRows(Op, x, gate);
        Check.Weight(Op, up);
        Check.Weight(Op, down);
        if (upBias is not null)
        {
            Check.Weight(Op, upBias);
        }

        (int channels, int inner) = (x.Shape[2], up.Shape.Rank == 0 ? 0 : up.Shape[0]);
        Check.Shape(Op, down, new Shape(channels, inner), $"to match x {x.Shape} and up {up.Shape}");
        if (downBias is not null)
        {
            Check.Weight(Op, downBias);
            Check.Shape(Op, downBias, new Shape(channels), $"to match the first dimension of down {down.Shape}");
        }

        using Scope scope = pass.BeginScope();
        if (pass.Device is CudaDevice recorded && pass.Records(x, input, up, upBias, down, downBias, gate))
        {
            Tensor projected = GeluLinear.Forward(pass, recorded, Linear.Forward(pass, input, up, upBias), down, downBias);
            return scope.Keep(GatedResidual.Forward(pass, x, projected, gate));
        }

        Tensor hidden = Linear.Forward(pass, input, up, upBias, Activation.GeluTanh);
        if (pass.Device is not CudaDevice cuda)
        {
            return scope.Keep(GatedResidual.Forward(pass, x, Linear.Forward(pass, hidden, down, downBias), gate));
        }

        Tensor y = pass.New(x.Shape, x.DType);
        if (y.Count > 0)
        {
            ForwardCuda(pass, cuda, x, hidden, down, downBias, gate, y);
        }

        return scope.Keep(y);
    }

    private static void ForwardCuda(Pass pass, CudaDevice cuda, Tensor x, Tensor hidden, Tensor down, Tensor? bias, Tensor gate, Tensor y)
    {
        (int inputs, int outputs, long rows) = (hidden.Shape[^1], y.Shape[^1], y.Shape.Rows);
        Tensor weight = ProductLaunch.Widen(pass, hidden, down);
        void Own()
        {
            int tokens = (int)(rows / gate.Shape.Rows);
            if (HopperProduct.Choose(cuda, rows, outputs, inputs, hidden, weight, bias) is { } hopper)
            {
                KernelCall large = new KernelCall(cuda, "fused_mlp_sm90").Define("RF_T", x.DType).Define("RF_B", (bias ?? x).DType).Define("RF_G", gate.DType).Pointer(y).Pointer(x);
                hopper.Right(hopper.Left(large, hidden, rows, inputs), weight, outputs, inputs).Pointer(bias).Pointer(gate).Long(rows).Int(outputs, inputs, tokens);
                hopper.Run(large, "fused_mlp_forward", rows, outputs);
                return;
            }

            KernelCall call = new KernelCall(cuda, "fused_mlp")
                .Define("RF_T", x.DType).Define("RF_W", weight.DType).Define("RF_B", (bias ?? x).DType).Define("RF_G", gate.DType)
                .Pointer(y).Pointer(x).Pointer(hidden).Pointer(weight).Pointer(bias).Pointer(gate).Long(rows)
                .Int(outputs, inputs, tokens);
            ProductLaunch.Choose(cuda, rows, outputs, inputs, hidden, weight).Run(call, "fused_mlp_forward", rows, outputs);
        }

        if (LibraryProduct.Of(hidden, weight, bias, Activation.None) is not { } product)
        {
            Own();
            return;
        }

        Tensor projected = pass.New(y.Shape, y.DType);
        cuda.Multiply(product, LibraryProduct.Operands(hidden, weight, bias, projected), Own, () => GatedResidual.ForwardCuda(cuda, x, projected, gate, y));
    }
}
