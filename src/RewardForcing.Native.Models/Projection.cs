using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>A linear layer of a checkpoint: <c>name.weight</c> and <c>name.bias</c>.</summary>
internal sealed class Projection(WeightSet weights, string name)
{
    private readonly Parameter _weight = weights[$"{name}.weight"];
    private readonly Parameter _bias = weights[$"{name}.bias"];

    /// <summary><c>name.weight</c>.</summary>
    public Parameter Weight => _weight;

    /// <summary><c>name.bias</c>.</summary>
    public Parameter Bias => _bias;

    /// <summary>Computes <c>activation(x · weightᵀ + bias)</c>.</summary>
    public Tensor Forward(Pass pass, Tensor x, Activation activation = Activation.None) => Linear.Forward(pass, x, _weight, _bias, activation);
}
