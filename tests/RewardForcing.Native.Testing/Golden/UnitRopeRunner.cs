using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Rotary positions of a video, from frame 0 and from a later one; tokens past the grid stay as they are.</summary>
public sealed class UnitRopeRunner : GoldenRunner
{
    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.Has("in.x") && file.Has("out.abs") && file.HasConfig("head_dim") && file.HasConfig("start_frame");

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using CaseTensors tensors = new(file, device);
        Pass pass = tensors.Pass;
        Tensor x = tensors["in.x"];
        RopeGrid grid = Grid(file);
        List<Comparison> results = [tensors.Compare("out.abs", Rope.Forward(pass, x, grid))];
        if (file.Has("out.start"))
        {
            long start = file.Config.GetProperty("start_frame").GetInt64();
            results.Add(tensors.Compare("out.start", Rope.Forward(pass, x, grid with { StartFrame = start })));
        }

        return [.. results, .. tensors.Gradients()];
    }

    /// <summary>The grid a case names as <c>f</c>, <c>h</c>, <c>w</c>.</summary>
    internal static RopeGrid Grid(GoldenFile file) =>
        new(file.Config.GetProperty("f").GetInt32(), file.Config.GetProperty("h").GetInt32(), file.Config.GetProperty("w").GetInt32());
}
