using System.Numerics;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>One size of an <see cref="OpCase"/> with its settings.</summary>
public abstract class OpSample
{
    /// <summary>The case it belongs to.</summary>
    public abstract OpCase Case { get; }

    /// <summary>Sizes and settings as text.</summary>
    public abstract string Title { get; }

    /// <summary>The tensors the op takes.</summary>
    public abstract IReadOnlyList<CaseInput> Inputs { get; }

    /// <summary>Calls the op.</summary>
    public abstract Tensor Run(Pass pass, Tensor[] inputs);

    /// <summary>The formula; see <see cref="OpCase{TSize}.Reference"/>.</summary>
    public abstract Numbers<T> Reference<T>(Numbers<T>[] inputs, Func<T, T> round)
        where T : IFloatingPointIeee754<T>;

    /// <summary>What a CUDA device may be off besides with BF16; see <see cref="OpCase{TSize}.NarrowAllowance"/>.</summary>
    public virtual Numbers<double>? NarrowAllowance(Numbers<double>[] inputs) => null;

    /// <summary>Whether a CUDA device rounds an intermediate to BF16 that the processor keeps: whether it has such an allowance.</summary>
    public bool RoundsOnDevice => NarrowAllowance([.. Inputs.Select(static input => new Numbers<double>(input.Shape, new double[input.Shape.Count]))]) is not null;

    /// <summary>Element type of the result.</summary>
    public abstract DType ResultType(CaseTypes types);

    /// <summary>Runs the op with the kernels of one kind of processor, where it has several; null otherwise.</summary>
    internal abstract Tensor? RunOn(SimdPath path, Pass pass, Tensor[] inputs);

    /// <inheritdoc/>
    public override string ToString() => $"{Case.Name} {Title}";
}
