using RewardForcing.Native.Formats;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Prompts of a distillation, and clean clips where the student needs them: prompts come from a text file, or with the clips.</summary>
internal sealed class DistillationPrompts : IDisposable
{
    private readonly IReadOnlyList<string>? _prompts;
    private readonly IClipStore? _clips;
    private readonly DataOrder _order;

    /// <summary>Opens what <c>data_path</c> names.</summary>
    /// <param name="settings">The run.</param>
    /// <exception cref="ModelFormatException">It is missing, or holds no clips where the student needs them.</exception>
    public DistillationPrompts(TrainingSettings settings)
    {
        bool needsClips = settings.Trainer == TrainerKind.Gan || settings.Loss == DistributionLoss.CausVid || settings.Rollout.IsImageToVideo;
        if (needsClips || Directory.Exists(settings.DataPath))
        {
            _clips = ClipStores.Open(settings.DataPath, settings.MaxPairs);
        }
        else
        {
            _prompts = PromptFile.Read(settings.DataPath);
        }

        _order = new DataOrder(_clips?.Count ?? Math.Min(_prompts!.Count, settings.MaxPairs), settings.Seed);
    }

    /// <summary>Prompts of samples.</summary>
    /// <param name="first">The first sample's number over all steps.</param>
    /// <param name="count">How many.</param>
    public string[] Prompts(long first, int count) => [.. Enumerable.Range(0, count).Select(i => _prompts is null ? _clips!.Prompt(_order[first + i]) : _prompts[_order[first + i]])];

    /// <summary>The first prompts of the file.</summary>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<string> First(int most) => [.. Enumerable.Range(0, Math.Min(most, _order.Count)).Select(i => _prompts is null ? _clips!.Prompt(i) : _prompts[i])];

    /// <summary>Clean latents of the same samples; null where prompts come from a text file.</summary>
    /// <param name="pass">Owns the tensor.</param>
    /// <param name="first">The first sample's number over all steps.</param>
    /// <param name="count">How many.</param>
    /// <param name="type">Type of the activations.</param>
    /// <returns><c>[B, F, C, H, W]</c>.</returns>
    public Tensor? Clean(Pass pass, long first, int count, DType type)
    {
        if (_clips is null)
        {
            return null;
        }

        Clip[] rows = [.. Enumerable.Range(0, count).Select(i => End(_clips.Read(_order[first + i])))];
        Tensor clean = ClipBatches.Stack(pass, rows);
        return type == DType.F32 ? clean : Cast.Forward(pass, clean, type);
    }

    /// <summary>Closes the data.</summary>
    public void Dispose() => _clips?.Dispose();

    // Of a trajectory its end.
    private static Clip End(Clip clip)
    {
        if (clip.Shape.Rank != 5)
        {
            return clip;
        }

        int length = clip.Values.Length / clip.Shape[0];
        return new Clip(clip.Prompt, new Shape(clip.Shape[1], clip.Shape[2], clip.Shape[3], clip.Shape[4]), clip.Values[^length..]);
    }
}
