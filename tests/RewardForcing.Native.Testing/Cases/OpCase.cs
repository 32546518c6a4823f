using System.Numerics;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>One op as every device must compute it: sizes to try, how to call it, the naive formula, and calls it must refuse.</summary>
/// <remarks>Named after its op: <c>RmsNormCase</c> belongs to <c>RmsNorm</c>, whose errors and kernels say <c>rms_norm</c>.</remarks>
public abstract class OpCase
{
    /// <summary>Name of the op's class.</summary>
    public string OpClass => GetType().Name[..^"Case".Length];

    /// <summary>Stem shared by the op's files, such as <c>rms_norm</c>.</summary>
    public string Name => CaseNames.Stem(OpClass);

    /// <summary>How the op calls itself in its errors.</summary>
    public virtual IReadOnlyList<string> MessageNames => [Name];

    /// <summary>What to try; the last one is a real model's size and is only benchmarked.</summary>
    public abstract IReadOnlyList<OpSample> Samples { get; }

    /// <summary>Calls whose shapes or settings do not fit. Wrong element types are tried for every case and are not listed.</summary>
    public abstract IReadOnlyList<Refusal> Refusals { get; }
}

/// <summary>An <see cref="OpCase"/> whose sizes and settings are values of one type.</summary>
/// <typeparam name="TSize">Sizes and settings of one call.</typeparam>
public abstract class OpCase<TSize> : OpCase
    where TSize : notnull
{
    /// <summary>From the smallest to the benchmark's: 1, odd, empty, a real model's proportions, a real model's size.</summary>
    public abstract IReadOnlyList<TSize> Sizes { get; }

    /// <inheritdoc/>
    public sealed override IReadOnlyList<OpSample> Samples => [.. Sizes.Select(size => new Sample(this, size))];

    /// <summary>The tensors the op takes.</summary>
    public abstract IReadOnlyList<CaseInput> Inputs(TSize size);

    /// <summary>Calls the op.</summary>
    public abstract Tensor Run(Pass pass, TSize size, Tensor[] inputs);

    /// <summary>The formula with plain loops. In double it is the truth, in float it is the error budget.</summary>
    /// <typeparam name="T">Number type.</typeparam>
    /// <param name="size">Sizes and settings.</param>
    /// <param name="inputs">Values of the inputs.</param>
    /// <param name="round">Applied where the op's documentation says that a BF16 intermediate is rounded; the result is rounded by the caller.</param>
    public abstract Numbers<T> Reference<T>(TSize size, Numbers<T>[] inputs, Func<T, T> round)
        where T : IFloatingPointIeee754<T>;

    /// <summary>Element type of the result; that of the activations unless the op is told another one.</summary>
    public virtual DType ResultType(TSize size, CaseTypes types) => types.Shared;

    /// <summary>
    /// What each element of a BF16 result may be off besides where the op's documentation says that a CUDA device rounds an intermediate the
    /// processor keeps; null where it rounds none.
    /// </summary>
    public virtual Numbers<double>? NarrowAllowance(TSize size, Numbers<double>[] inputs) => null;

    /// <summary>Runs the op with the kernels of one kind of processor, where an op has several; null otherwise.</summary>
    internal virtual Tensor? RunOn(Ops.SimdPath path, Pass pass, TSize size, Tensor[] inputs) => null;

    private sealed class Sample(OpCase<TSize> test, TSize size) : OpSample
    {
        public override OpCase Case => test;

        public override string Title => size.ToString()!;

        public override IReadOnlyList<CaseInput> Inputs { get; } = test.Inputs(size);

        public override Tensor Run(Pass pass, Tensor[] inputs) => test.Run(pass, size, inputs);

        public override Numbers<T> Reference<T>(Numbers<T>[] inputs, Func<T, T> round) => test.Reference(size, inputs, round);

        public override Numbers<double>? NarrowAllowance(Numbers<double>[] inputs) => test.NarrowAllowance(size, inputs);

        public override DType ResultType(CaseTypes types) => test.ResultType(size, types);

        internal override Tensor? RunOn(Ops.SimdPath path, Pass pass, Tensor[] inputs) => test.RunOn(path, pass, size, inputs);
    }
}
