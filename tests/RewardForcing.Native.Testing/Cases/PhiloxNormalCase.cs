using System.Numerics;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Cases;

/// <summary><see cref="PhiloxNormal"/>.</summary>
public sealed class PhiloxNormalCase : OpCase<PhiloxNormalCase.Size>
{
    /// <summary>Shape, counter and key, and the type of the result.</summary>
    public readonly record struct Size(Shape Y, uint C1, uint C2, uint C3, ulong Key, DType Type = DType.F32);

    /// <inheritdoc/>
    public override IReadOnlyList<Size> Sizes =>
    [
        new(new(1, 1), 0, 0, 0, 0), new(new(3, 7, 5), 1, 2, 3, 0x123456789abcdef0), new(new(2, 1001), uint.MaxValue, 4, 5, ulong.MaxValue, DType.BF16),
        new(new(0, 4), 0, 0, 0, 1), new(new(4, 0), 0, 0, 0, 1), new(new(1, 16, 3, 60, 104), 0, 1, 2, 42),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Refusal> Refusals =>
    [
        new(static pass => PhiloxNormal.Forward(pass, new Shape([]), 0, 0, 0, 0), "shape", "[S, ...]", "got []"),
        new(static pass => PhiloxNormal.Forward(pass, new(1, 4), 0, 0, 0, 0, DType.F16), "F32 or BF16", "got F16"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<CaseInput> Inputs(Size size) => [];

    /// <inheritdoc/>
    public override DType ResultType(Size size, CaseTypes types) => size.Type;

    /// <inheritdoc/>
    public override Tensor Run(Pass pass, Size size, Tensor[] inputs) => PhiloxNormal.Forward(pass, size.Y, size.C1, size.C2, size.C3, size.Key, size.Type);

    /// <inheritdoc/>
    public override Numbers<T> Reference<T>(Size size, Numbers<T>[] inputs, Func<T, T> round)
    {
        Numbers<T> y = new(size.Y, new T[size.Y.Count]);
        int sample = size.Y[0] == 0 ? 0 : y.Values.Length / size.Y[0];
        for (int i = 0; i < y.Values.Length; i++)
        {
            (int s, int e) = (i / sample, i % sample);
            (uint r0, uint r1, uint r2, uint r3) = Philox.Block((uint)(e / 4), unchecked(size.C1 + ((uint)s << 16)), size.C2, size.C3, size.Key);
            (uint radius, uint angle) = e % 4 < 2 ? (r0, r1) : (r2, r3);

            // Everything is double in the op too: that is its contract, not an error to be budgeted for.
            double length = Math.Sqrt(-2 * Math.Log((radius + 0.5) / 4294967296));
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * ((angle + 0.5) / 4294967296));
            y.Values[i] = T.CreateChecked((float)(length * (e % 2 == 0 ? sine : cosine)));
        }

        return y;
    }
}
