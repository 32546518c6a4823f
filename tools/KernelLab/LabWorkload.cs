using RewardForcing.Native.Tensors;
using RewardForcing.Native.Testing.Cases;

namespace RewardForcing.Native.KernelLab;

/// <summary>A call of an op whose kernel is looked at.</summary>
/// <param name="Kernel">Stem of the op.</param>
/// <param name="Title">Sizes and settings.</param>
/// <param name="Inputs">The tensors it takes.</param>
/// <param name="Run">Calls it.</param>
internal sealed record LabWorkload(string Kernel, string Title, IReadOnlyList<CaseInput> Inputs, Func<Pass, Tensor[], Tensor> Run)
{
    /// <summary>Multiply-adds that the tensor cores must do; 0 where they are not used.</summary>
    public long MultiplyAdds { get; init; }

    /// <summary>
    /// Sizes that fill the tiles which the 1.3B model's sizes get, and no more blocks than show it; what <c>budget.json</c> asserts is asserted of these.
    /// </summary>
    public static IReadOnlyList<LabWorkload> Standard { get; } =
    [
        Of(new AttentionCase(), new(1, 256, 512, 1, 128), 2L * 256 * 512 * 128),
        Of(new LinearCase(), new(256, 256, 512, true, Ops.Activation.GeluTanh), 256L * 256 * 512),
        Of(new FusedMlpCase(), new(1, 2, 128, 256, 512), 256L * 256 * 512),
        Of(new RmsNormCase(), new(64, 1536)),
        Of(new RmsNormRopeCase(), new(1, new(2, 4, 8), 0, 12, 128)),
        Of(new ModulatedLayerNormCase(), new(1, 2, 32, 1536)),
        Of(new CausalConv3dCase(), new(new(1, 2, 8, 16, 96), new(96, 96, 3, 3, 3), History: 2), 256L * 96 * 96 * 27),
        FilterGradient(new(new(1, 1, 16, 16, 128), new(128, 128, 1, 3, 3), PadFrames: 0, Bias: false), 256L * 128 * 128 * 9),
    ];

    /// <summary>A sample of an op's case.</summary>
    public static LabWorkload Of(OpSample sample) => new(sample.Case.Name, sample.Title, sample.Inputs, sample.Run);

    /// <summary>The size that is asserted of, or else the largest of an op's case that tests run.</summary>
    public static LabWorkload Small(OpCase test) => Standard.SingleOrDefault(one => one.Kernel == test.Name) ?? Of(test.Samples[^2]);

    /// <summary>The size of a real model that an op's case ends with, and what the tensor cores must do for it.</summary>
    public static LabWorkload Real(OpCase test) => Of(test.Samples[^1]) with
    {
        MultiplyAdds = test switch
        {
            AttentionCase attention => Products(attention.Sizes[^1]),
            LinearCase linear => (long)linear.Sizes[^1].Rows * linear.Sizes[^1].Inputs * linear.Sizes[^1].Outputs,
            FusedMlpCase mlp => 2L * mlp.Sizes[^1].Batch * mlp.Sizes[^1].Frames * mlp.Sizes[^1].PerFrame * mlp.Sizes[^1].Channels * mlp.Sizes[^1].Inner,
            CausalConv3dCase causal => causal.Sizes[^1].X.With(1, causal.Sizes[^1].OutFrames).With(4, 1).Count * causal.Sizes[^1].Weight.Count,
            Conv2dCase picture => picture.Sizes[^1].X.With(3, 1).Count / (picture.Sizes[^1].Plan.Stride * picture.Sizes[^1].Plan.Stride) * picture.Sizes[^1].Weight.Count,
            UpsampleConv2dCase doubled => 4 * doubled.Sizes[^1].X.With(3, 1).Count * doubled.Sizes[^1].Weight.Count,
            _ => 0,
        },
    };

    /// <summary>Makes random inputs.</summary>
    /// <param name="pass">Where.</param>
    /// <param name="type">Element type of activations and weights.</param>
    public Tensor[] Draw(Pass pass, DType type)
    {
        CaseTypes types = new(type, type);
        Random random = new(1);
        return [.. Inputs.Select(input =>
        {
            Tensor tensor = pass.New(input.Shape, types.Of(input.Kind));
            ElementValues.Write(tensor, ElementValues.Draw(random, input, tensor.DType));
            return tensor;
        })];
    }

    /// <summary>An op at any size.</summary>
    public static LabWorkload Of<TSize>(OpCase<TSize> test, TSize size, long multiplyAdds = 0)
        where TSize : notnull => new(test.Name, size.ToString()!, test.Inputs(size), (pass, inputs) => test.Run(pass, size, inputs)) { MultiplyAdds = multiplyAdds };

    // What a convolution's weight gets from a gradient of its result.
    private static LabWorkload FilterGradient(CausalConv3dCase.Size size, long multiplyAdds)
    {
        CaseInput dy = new("dy", size.X.With(1, size.OutFrames).With(4, size.Weight[0]));
        return new LabWorkload("filter_gradient", size.ToString(), [.. new CausalConv3dCase().Inputs(size), dy], (pass, inputs) =>
        {
            using var weight = Parameter.New(pass.Device, "weight", size.Weight, inputs[1].DType);
            weight.Value.CopyFrom(inputs[1]);
            weight.Trainable = true;
            using var training = Pass.Training(pass.Device);
            training.Backward(Ops.CausalConv3d.Forward(training, inputs[0], weight, null, null, size.PadFrames), inputs[2]);
            Tensor result = pass.New(size.Weight);
            result.CopyFrom(weight.Grad!);
            return result;
        })
        {
            MultiplyAdds = multiplyAdds,
        };
    }

    private static long Products(AttentionCase.Size size) => 2L * size.Batch * size.Heads * size.Queries * size.Keys * size.Width;
}
