using RewardForcing.Native.Formats;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Paints videos into shards.</summary>
internal static class ClipsVerb
{
    public static void Run(ToolArguments arguments)
    {
        (string output, SceneSplit split) = (arguments.Need("--output"), arguments.Split());
        (int count, int frames, int seed) = (arguments.Whole("--count", 0), arguments.Whole("--frames", 45), arguments.Whole("--seed", 0, least: 0));
        arguments.RequireNothingElse();
        if (count == 0)
        {
            throw new ArgumentException("clips: --count is missing.");
        }

        Dictionary<string, string> notes = new() { ["made_by"] = $"MiniatureWorld clips --split {SceneText.Word(split)} --frames {frames} --seed {seed}" };
        using ClipShardWriter writer = new(output, ClipKind.Videos, new Shape(frames, Scene.Size, Scene.Size, 3), ElementType.U8, notes: notes);
        for (int i = writer.Written; i < count; i++)
        {
            Scene scene = Scene.Draw((ulong)seed, i, split);
            writer.Append(new Clip(scene.Text.Prompt, writer.ClipShape, Array.ConvertAll(ScenePainter.Paint(scene, frames), static value => (float)value)));
        }

        writer.Flush();
        Console.WriteLine($"{output}: {writer.Written} clips of {frames} frames");
    }
}
