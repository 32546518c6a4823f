using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Whole networks of section 7: the VAE in both directions, whole and streamed, and the preview decoder.</summary>
public sealed class WanVaeRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) =>
        (file.HasConfig("z_dim") && (file.Has("in.z") || file.Has("in.x"))) || (file.HasConfig("n_f") && file.Has("in.z"));

    /// <inheritdoc/>
    public override bool HasNetworks => true;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using TensorArchive archive = file.OpenWeights();
        KeyMap map = new("original", static name => name.StartsWith("in.", StringComparison.Ordinal) || name.StartsWith("out.", StringComparison.Ordinal)
            || name.StartsWith("grad", StringComparison.Ordinal) ? null : name);
        return file.HasConfig("n_f") ? Preview(file, device, archive, map) : Vae(file, device, archive, map);
    }

    private static List<Comparison> Vae(GoldenFile file, Device device, TensorArchive archive, KeyMap map)
    {
        List<Comparison> results = [];
        VaeConfig config = VaeConfig.FromShapes(archive);
        using WanVae vae = new(config, WeightSet.Load(device, archive, map, WanVae.Declare(config), file.Rules));
        using CaseTensors tensors = new(file, device);
        tensors.Train(vae.Weights);
        Pass pass = tensors.Pass;
        bool decode = file.Has("in.z");
        Tensor x = Permute.Forward(pass, tensors.Input(decode ? "in.z" : "in.x"), 0, 2, 3, 4, 1);
        string whole = file.Has("out.full") ? "out.full" : "out.out";
        Tensor y = decode ? vae.Decode(pass, x) : vae.Encode(pass, x);
        results.Add(tensors.Compare(whole, Permute.Forward(pass, y, 0, 4, 1, 2, 3)));
        using ILatentDecoder stream = vae.OpenDecoder();
        for (int t = 0; decode && file.Has($"out.chunk{t}"); t++)
        {
            Tensor chunk = stream.Decode(pass, Narrow.Forward(pass, x, 1, t, 1));
            results.Add(file.Compare($"out.chunk{t}", Permute.Forward(pass, chunk, 0, 4, 1, 2, 3).ToFloats()));
        }

        return [.. results, .. tensors.Gradients(name => vae.Weights[name])];
    }

    private static List<Comparison> Preview(GoldenFile file, Device device, TensorArchive archive, KeyMap map)
    {
        TaehvConfig config = TaehvConfig.FromShapes(archive);
        using Taehv network = new(config, WeightSet.Load(device, archive, map, Taehv.Declare(config), file.Rules));
        using CaseTensors tensors = new(file, device);
        tensors.Train(network.Weights);
        Pass pass = tensors.Pass;
        Tensor z = Permute.Forward(pass, tensors.Input("in.z"), 0, 1, 3, 4, 2);
        return [tensors.Compare("out.out", Permute.Forward(pass, network.Decode(pass, z), 0, 1, 4, 2, 3)), .. tensors.Gradients(name => network.Weights[name])];
    }
}
