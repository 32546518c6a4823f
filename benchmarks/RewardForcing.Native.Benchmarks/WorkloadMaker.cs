using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Benchmarks;

/// <summary>Makes the operands of workloads: random values, the same in every run.</summary>
internal sealed class WorkloadMaker(WorkloadSpec spec, int threads)
{
    private const int Taps = 3;
    private readonly CpuDevice _device = new(threads);
    private readonly Random _random = new(1);

    /// <summary><c>y = x Wᵀ + b</c>.</summary>
    public Workload Linear()
    {
        (int rows, int inputs, int outputs) = (spec.Sizes[0], spec.Sizes[1], spec.Sizes[2]);
        Pass pass = Pass.Inference(_device);
        Tensor x = Random(pass, new Shape(rows, inputs), spec.Activations, 1);
        Tensor weight = Random(pass, new Shape(outputs, inputs), spec.Weights, 0.02f);
        Tensor bias = Random(pass, new Shape(outputs), spec.Weights, 1);
        return Make(2.0 * rows * inputs * outputs, pass, run => Ops.Linear.Forward(run, x, weight, bias));
    }

    /// <summary>Queries against all keys; whatever packing the op does is part of the call.</summary>
    public Workload Attention()
    {
        (int queries, int keys, int heads, int width) = (spec.Sizes[0], spec.Sizes[1], spec.Sizes[2], spec.Sizes[3]);
        Pass pass = Pass.Inference(_device);
        Tensor q = Random(pass, new Shape(1, queries, heads, width), spec.Activations, 1);
        Tensor k = Random(pass, new Shape(1, keys, heads, width), spec.Activations, 1);
        Tensor v = Random(pass, new Shape(1, keys, heads, width), spec.Activations, 1);
        return Make(4.0 * queries * keys * heads * width, pass, run => Ops.Attention.Forward(run, q, k, v, 1 / MathF.Sqrt(width)));
    }

    /// <summary>A causal 3x3x3 convolution that keeps all sizes.</summary>
    public Workload Convolution()
    {
        Pass pass = Pass.Inference(_device);
        (Tensor x, double flops) = Video(pass);
        int channels = spec.Sizes[0];
        Tensor weight = Random(pass, new Shape(channels, channels, Taps, Taps, Taps), spec.Weights, 0.02f);
        Tensor bias = Random(pass, new Shape(channels), spec.Weights, 1);
        return Make(flops, pass, run => CausalConv3d.Forward(run, x, weight, bias, null, Taps - 1));
    }

    /// <summary>The same with the gradients of input, filter and bias: three products of one size.</summary>
    public Workload TrainedConvolution()
    {
        Pass pass = Pass.Inference(_device);
        (Tensor x, double flops) = Video(pass);
        int channels = spec.Sizes[0];
        Parameter input = Learned(x);
        WeightSet weights = Fill([new("weight", new Shape(channels, channels, Taps, Taps, Taps)), new("bias", new Shape(channels))]);
        Tensor dy = Random(pass, x.Shape, spec.Activations, 1);
        return Make(3 * flops, pass, _ => Train(weights.Append(input), dy, run => CausalConv3d.Forward(run, input, weights["weight"], weights["bias"], null, Taps - 1)), input, weights);
    }

    /// <summary>A residual block of the VAE in the middle of a video: two norms, two convolutions with history, the sum.</summary>
    public Workload VaeResidual()
    {
        Pass pass = Pass.Inference(_device);
        (Tensor x, double flops) = Video(pass);
        int channels = spec.Sizes[0], slots = 0;
        Shape filter = new(channels, channels, Taps, Taps, Taps);
        WeightSet weights = Fill(
        [
            new("block.residual.0.gamma", new Shape(channels, 1, 1, 1)), new("block.residual.3.gamma", new Shape(channels, 1, 1, 1)),
            new("block.residual.2.weight", filter), new("block.residual.2.bias", new Shape(channels)),
            new("block.residual.6.weight", filter), new("block.residual.6.bias", new Shape(channels)),
        ]);
        VaeBlock block = VaeBlock.Create(weights, new VaeLayer(VaeLayerKind.Residual, "block", channels, channels), ref slots);
        VaeStream stream = new(block, slots);
        return Make(2 * flops, pass, run => block.Forward(run, x, stream), stream, weights);
    }

    /// <summary>A block of the transformer over one frame, keys and values of the text included; with training, gradients of its input, the text and all weights besides.</summary>
    public Workload Block(bool trains)
    {
        (int dim, int ffn, int heads, int tokens, int text) = (spec.Sizes[0], spec.Sizes[1], spec.Sizes[2], spec.Sizes[3], spec.Sizes[4]);
        WanConfig config = new() { Dim = dim, FfnDim = ffn, Heads = heads, Layers = 1, TextTokens = text };
        WeightSet weights = Fill([.. config.Parameters().Where(static parameter => parameter.Name.StartsWith("blocks.", StringComparison.Ordinal))]);
        WanBlock block = new(weights, 0, config);
        Pass pass = Pass.Inference(_device);
        Tensor x = Random(pass, new Shape(1, tokens, dim), spec.Activations, 1);
        Tensor e = Random(pass, new Shape(1, 1, 6, dim), spec.Activations, 0.1f);
        Tensor context = Random(pass, new Shape(1, text, dim), spec.Activations, 1);
        int height = Enumerable.Range(1, (int)Math.Sqrt(tokens)).Last(rows => tokens % rows == 0);
        RopeGrid grid = new(1, height, tokens / height);
        double flops = (4.0 * tokens * dim * ((3 * dim) + tokens + text + ffn)) + (4.0 * text * dim * dim);
        if (!trains)
        {
            return Make(flops, pass, run => block.Forward(run, x, e, block.Context(run, context, null), grid, AttentionMask.All, tokens), weights);
        }

        (Parameter input, Parameter words) = (Learned(x), Learned(context));
        Tensor dy = Random(pass, x.Shape, spec.Activations, 1);
        return Make(3 * flops, pass, _ => Train(weights.Append(input).Append(words), dy, run =>
            block.Forward(run, input, e, block.Context(run, words, null), grid, AttentionMask.All, tokens)), input, words, weights);
    }

    private void Train(IEnumerable<Parameter> parameters, Tensor dy, Func<Pass, Tensor> forward)
    {
        using Pass training = Pass.Training(_device);
        foreach (Parameter parameter in parameters)
        {
            parameter.Trainable = true;
            parameter.ClearGrad();
        }

        training.Backward(forward(training), dy);
    }

    private Parameter Learned(Tensor x)
    {
        Parameter parameter = Parameter.New(_device, "x", x.Shape, x.DType);
        parameter.Value.CopyFrom(x);
        return parameter;
    }

    private Workload Make(double flops, Pass pass, Action<Pass> call, params IDisposable[] others) => new(spec.Name, flops, _device, pass, call, others);

    private (Tensor X, double Flops) Video(Pass pass)
    {
        (int channels, int frames, int height, int width) = (spec.Sizes[0], spec.Sizes[1], spec.Sizes[2], spec.Sizes[3]);
        double flops = 2.0 * channels * channels * Taps * Taps * Taps * frames * height * width;
        return (Random(pass, new Shape(1, frames, height, width, channels), spec.Activations, 1), flops);
    }

    private WeightSet Fill(IReadOnlyList<ParameterSpec> declared)
    {
        WeightSet weights = WeightSet.Create(_device, declared, spec.Weights);
        foreach (Parameter parameter in weights)
        {
            Fill(parameter.Value, parameter.Shape.Rank == 1 ? 1 : 0.02f);
        }

        return weights;
    }

    private Tensor Random(Pass pass, Shape shape, DType type, float scale)
    {
        Tensor tensor = pass.New(shape, type);
        Fill(tensor, scale);
        return tensor;
    }

    private void Fill(Tensor tensor, float scale)
    {
        using Pass pass = Pass.Inference(_device);
        float[] values = new float[tensor.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ((_random.NextSingle() * 2) - 1) * scale;
        }

        Tensor floats = pass.From<float>(tensor.Shape, values);
        tensor.CopyFrom(tensor.DType == DType.F32 ? floats : Cast.Forward(pass, floats, tensor.DType));
    }
}
