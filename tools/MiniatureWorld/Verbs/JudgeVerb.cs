using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using RewardForcing.Native.Training;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Judges videos of a store, as they are or after a VAE, or videos in files.</summary>
internal static class JudgeVerb
{
    public static void Run(ToolArguments arguments)
    {
        (string? clips, string? videos, string? prompts) = (arguments.Take("--clips"), arguments.Take("--videos"), arguments.Take("--prompts"));
        (string? model, string? json, int most) = (arguments.Take("--reconstruct"), arguments.Take("--json"), arguments.Whole("--count", int.MaxValue));
        int window = arguments.Whole("--window", 0, least: 2);
        arguments.RequireNothingElse();
        if ((clips is null) == (videos is null) || (videos is null) != (prompts is null) || (videos is not null && model is not null))
        {
            throw new ArgumentException("judge: expected either --clips, or --videos with --prompts; --reconstruct goes with --clips.");
        }

        if (window > 0)
        {
            Pieces(videos ?? throw new ArgumentException("judge: --window goes with --videos."), prompts!, most, window, json);
            return;
        }

        JudgeTable table = clips is not null ? Clips(clips, model, most) : Files(videos!, prompts!, most);
        Console.WriteLine(table.Text());
        if (json is not null)
        {
            WholeFile.Write(json, table.WriteJson);
        }
    }

    private static JudgeTable Clips(string clips, string? model, int most)
    {
        using CpuDevice device = new();
        using WanVae? vae = model is null ? null : ModelFolder.Open(model).LoadVae(device);
        using IClipStore store = ClipStores.Open(clips);
        JudgeTable table = new();
        for (int i = 0; i < Math.Min(most, store.Count); i++)
        {
            Clip clip = store.Read(i);
            byte[] original = VideoTensors.Bytes(clip), seen = original;
            if (vae is not null)
            {
                using Pass pass = Pass.Inference(device);
                seen = VideoTensors.Decode(pass, vae, VideoTensors.Encode(pass, vae, clip));
                table.AddNoise(seen.Zip(original, static (a, b) => (double)(a - b) * (a - b)).Average());
            }

            table.Add(SceneText.Parse(clip.Prompt), SceneJudge.Look(seen));
        }

        return table;
    }

    private static JudgeTable Files(string folder, string prompts, int most)
    {
        JudgeTable table = new();
        foreach ((SceneText text, byte[] frames) in Read(folder, prompts, most))
        {
            table.Add(text, SceneJudge.Look(frames));
        }

        return table;
    }

    private static void Pieces(string folder, string prompts, int most, int window, string? json)
    {
        WindowTable table = new(window);
        foreach ((SceneText text, byte[] frames) in Read(folder, prompts, most))
        {
            table.Add(text, frames);
        }

        Console.WriteLine(table.Text());
        if (json is not null)
        {
            WholeFile.Write(json, table.WriteJson);
        }
    }

    private static IEnumerable<(SceneText Text, byte[] Frames)> Read(string folder, string prompts, int most)
    {
        IReadOnlyList<string> lines = [.. PromptFile.Read(prompts).Where(static line => line.Length > 0)];
        IReadOnlyList<string> videos = VideoFolder.Videos(folder);
        if (videos.Count == 0 || videos.Count > lines.Count)
        {
            throw new InvalidOperationException($"judge: {folder} holds {videos.Count} videos and {prompts} {lines.Count} prompts; every video needs a prompt, in the order of the names.");
        }

        for (int i = 0; i < Math.Min(most, videos.Count); i++)
        {
            yield return (SceneText.Parse(lines[i]), VideoFolder.Read(videos[i]));
        }
    }
}
