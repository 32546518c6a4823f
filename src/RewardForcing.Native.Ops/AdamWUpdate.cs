using System.Numerics;
using RewardForcing.Native.Cuda;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Ops;

/// <summary>One step of AdamW on one tensor.</summary>
public static class AdamWUpdate
{
    private const string Op = "adam_w_update";

    /// <summary>
    /// Computes <c>p ← p (1 - lr decay)</c>, <c>m ← beta1 m + (1 - beta1) g</c>, <c>v ← beta2 v + (1 - beta2) g²</c>,
    /// <c>p ← p - lr (m / (1 - beta1ⁿ)) / (sqrt(v / (1 - beta2ⁿ)) + eps)</c> in float, with <c>g = gradFactor · grad</c>.
    /// </summary>
    /// <param name="parameter">p, changed in place; F32 of any shape.</param>
    /// <param name="grad">Its gradient, same shape; F32.</param>
    /// <param name="first">m, same shape, changed in place; F32. Null where beta1 is 0: then m is g and needs no memory.</param>
    /// <param name="second">v, same shape, changed in place; F32.</param>
    /// <param name="settings">Rates.</param>
    /// <param name="step">n, from 1.</param>
    /// <param name="gradFactor">From clipping and accumulation; 1 for none.</param>
    /// <exception cref="ArgumentException">Shapes or types differ, a number is out of range, or m is missing.</exception>
    /// <remarks>Loshchilov and Hutter 2019, algorithm 2. Spec: training 4.4.</remarks>
    public static void Step(Tensor parameter, Tensor grad, Tensor? first, Tensor second, AdamWSettings settings, long step, double gradFactor = 1)
    {
        foreach ((Tensor? tensor, string name) in new[] { (parameter, nameof(parameter)), (grad, nameof(grad)), (first, nameof(first)), (second, nameof(second)) })
        {
            if (tensor is not null)
            {
                Check.That(tensor.DType == DType.F32, Op, $"{name} must be F32, got {tensor.DType}.");
                Check.Shape(Op, tensor, parameter.Shape, "as parameter", name);
            }
        }

        settings.Validate(Op);
        Check.That(step >= 1, Op, $"step must be at least 1, got {step}.");
        Check.That((first is not null) == (settings.Beta1 > 0), Op, $"first must be given where beta1 is above 0 and only there, got beta1 {settings.Beta1}.");
        AdamWNumbers numbers = new(settings, step, gradFactor);
        if (parameter.Device is CudaDevice cuda)
        {
            StepCuda(cuda, parameter, grad, first, second, numbers);
            return;
        }

        StepCpu(Check.Cpu(Op, parameter.Device), parameter, grad, first, second, numbers);
    }

    private static void StepCpu(CpuDevice cpu, Tensor parameter, Tensor grad, Tensor? first, Tensor second, AdamWNumbers n)
    {
        (Elements values, Elements grads, Elements variance) = (new(parameter), new(grad), new(second));
        Elements? mean = first is null ? null : new Elements(first);
        Chunks.Flat(cpu, parameter.Count, 0, (from, count, _) =>
        {
            Span<float> p = values.Target(from, count, []), v = variance.Target(from, count, []), m = mean is { } moments ? moments.Target(from, count, []) : [];
            ReadOnlySpan<float> g = grads.Read(from, count, []);
            for (int i = 0; i < count; i += Lanes.Width)
            {
                Vector<float> slope = Lanes.Load(g, i) * new Vector<float>(n.GradFactor);
                Vector<float> spread = (new Vector<float>(n.Beta2) * Lanes.Load(v, i)) + (new Vector<float>(n.Rest2) * slope * slope);
                Lanes.Store(spread, v, i);
                if (!m.IsEmpty)
                {
                    slope = (new Vector<float>(n.Beta1) * Lanes.Load(m, i)) + (new Vector<float>(n.Rest1) * slope);
                    Lanes.Store(slope, m, i);
                }

                Vector<float> divisor = (Vector.SquareRoot(spread) * new Vector<float>(n.InverseRoot)) + new Vector<float>(n.Eps);
                Lanes.Store((Lanes.Load(p, i) * new Vector<float>(n.Keep)) - (new Vector<float>(n.Rate) * slope / divisor), p, i);
            }
        });
    }

    private static void StepCuda(CudaDevice cuda, Tensor parameter, Tensor grad, Tensor? first, Tensor second, AdamWNumbers n) =>
        new KernelCall(cuda, "adam_w_update").Define("RF_MOMENTUM", first is null ? 0 : 1)
            .Pointer(parameter).Pointer(grad).Pointer(first).Pointer(second).Long(parameter.Count)
            .Float(n.GradFactor).Float(n.Keep).Float(n.Rate).Float(n.Beta1).Float(n.Rest1).Float(n.Beta2).Float(n.Rest2).Float(n.InverseRoot).Float(n.Eps)
            .RunFlat("adam_w_update_forward", parameter.Count, Math.Min(4, KernelPlan.Width(parameter.Count, parameter, grad, first, second)));
}
