using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Building blocks of the VAE, alone and streamed piece by piece, with what they keep between pieces.</summary>
public sealed class VaeBlockRunner : GoldenRunner
{
    private static readonly string[] Kinds = ["gamma", "weight", "norm.gamma", "residual.0.gamma", "resample.1.weight"];

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => Kinds.Any(file.Has) && (file.Has("in.x") || file.Has("in.c0")) && (file.HasConfig("c") || file.HasConfig("cin"));

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        ParameterSpec[] specs = [.. file.Names.Where(IsWeight).Select(name => new ParameterSpec(name, new Shape(file.ShapeOf(name))))];
        KeyMap map = new("golden", static name => IsWeight(name) ? name : null);
        using WeightSet weights = WeightSet.Load(device, file.Archive, map, specs, file.Rules);
        using VaeStream stream = new(weights, 2);
        using CaseTensors tensors = new(file, device);
        tensors.Train(weights);
        List<Comparison> results = file.Has("in.x")
            ? [tensors.Compare("out.out", ChannelsFirst(tensors.Pass, Whole(tensors, file, weights, stream)))]
            : Streamed(tensors, file, Block(file, weights), stream);
        return [.. results, .. tensors.Gradients(name => weights[name])];
    }

    private static Tensor Whole(CaseTensors tensors, GoldenFile file, WeightSet weights, VaeStream stream)
    {
        Pass pass = tensors.Pass;
        Tensor x = ChannelsLast(tensors, "in.x");
        if (file.Has("gamma"))
        {
            return ChannelRmsNorm.Forward(pass, x, weights["gamma"]);
        }

        if (!file.Has("weight"))
        {
            return Block(file, weights).Forward(pass, x, stream);
        }

        Tensor? history = file.Has("in.cache") ? ChannelsLast(tensors, "in.cache") : null;
        return CausalConv3d.Forward(pass, x, weights["weight"], weights["bias"], history, file.ShapeOf("weight")[2] - 1);
    }

    private static VaeBlock Block(GoldenFile file, WeightSet weights)
    {
        if (!file.HasConfig("mode"))
        {
            return file.Has("to_qkv.weight") ? new VaeAttention(weights, string.Empty) : new VaeResidual(weights, string.Empty, 0);
        }

        int slot = file.Has("time_conv.weight") ? 0 : -1;
        return file.Config.GetProperty("mode").GetString()!.StartsWith("up", StringComparison.Ordinal)
            ? new VaeUpsample(weights, string.Empty, slot)
            : new VaeDownsample(weights, string.Empty, slot);
    }

    private static List<Comparison> Streamed(CaseTensors tensors, GoldenFile file, VaeBlock block, VaeStream stream)
    {
        Pass pass = tensors.Pass;
        List<Comparison> results = [];
        for (int piece = 0; file.Has($"in.c{piece}"); piece++)
        {
            results.Add(tensors.Compare($"out.chunk{piece}", ChannelsFirst(pass, block.Forward(pass, ChannelsLast(tensors, $"in.c{piece}"), stream))));
            stream.Advance();
            foreach ((int slot, string name) in new[] { (0, $"out.slot_after{piece}"), (0, $"out.slot0_after{piece}"), (1, $"out.slot1_after{piece}") })
            {
                if (file.Has(name))
                {
                    results.Add(file.Compare(name, stream[slot].Frames(pass) is Tensor kept ? ChannelsFirst(pass, kept).ToFloats() : []));
                }
            }
        }

        return results;
    }

    private static Tensor ChannelsLast(CaseTensors tensors, string name)
    {
        Tensor x = tensors.Input(name);
        return x.Shape.Rank == 5 ? Permute.Forward(tensors.Pass, x, 0, 2, 3, 4, 1) : Permute.Forward(tensors.Pass, x, 0, 2, 3, 1);
    }

    private static Tensor ChannelsFirst(Pass pass, Tensor x) =>
        x.Shape.Rank == 5 ? Permute.Forward(pass, x, 0, 4, 1, 2, 3) : Permute.Forward(pass, x, 0, 3, 1, 2);

    private static bool IsWeight(string name) =>
        !(name.StartsWith("in.", StringComparison.Ordinal) || name.StartsWith("out.", StringComparison.Ordinal) || name.StartsWith("grad", StringComparison.Ordinal));
}
