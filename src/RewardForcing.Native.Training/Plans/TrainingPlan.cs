using System.Globalization;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>What a training takes of each GPU, by owner, reckoned from sizes before anything is loaded.</summary>
/// <param name="Request">The training.</param>
/// <param name="Always">What is there all the time.</param>
/// <param name="Phases">The times of an optimiser step, one after the other, and what each has besides.</param>
/// <remarks>Weights, states and caches are exact; activations are estimates of the largest moment. Units are GB of 10⁹ bytes, as GPUs are sold. Spec: training 7.3.</remarks>
public sealed record TrainingPlan(TrainingPlanRequest Request, IReadOnlyList<MemoryOwner> Always, IReadOnlyList<MemoryPhase> Phases)
{
    private const int NameWidth = 52;

    /// <summary>Bytes that are there all the time.</summary>
    public long StaticBytes => Always.Sum(static owner => owner.Bytes);

    /// <summary>The phase that has the most besides.</summary>
    public MemoryPhase Largest => Phases.MaxBy(static phase => phase.Bytes)!;

    /// <summary>The most there is at once.</summary>
    public long Bytes => StaticBytes + Largest.Bytes;

    /// <summary>Plans a training.</summary>
    /// <param name="request">What decides its memory.</param>
    /// <exception cref="ArgumentException">Sizes cannot be.</exception>
    public static TrainingPlan Of(TrainingPlanRequest request) => TrainingReckoning.Plan(request);

    /// <summary>Bytes as a number of GB, 10⁹ bytes.</summary>
    /// <param name="bytes">Bytes.</param>
    public static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F2} GB");

    /// <summary>The plan as a table of text.</summary>
    /// <param name="device">Memory of the device in bytes; null where that is not known.</param>
    public IEnumerable<string> Lines(long? device = null)
    {
        string gpus = Request.Gpus == 1 ? "the GPU" : string.Create(CultureInfo.InvariantCulture, $"each of {Request.Gpus} GPUs");
        yield return $"memory of {gpus}, always there:";
        foreach (MemoryOwner owner in Always)
        {
            yield return Row(owner.Name, owner.Bytes);
        }

        yield return Row("together", StaticBytes);
        foreach (MemoryPhase phase in Phases)
        {
            yield return $"besides, while {phase.Name}:";
            foreach (MemoryOwner owner in phase.Owners)
            {
                yield return Row(owner.Name, owner.Bytes);
            }
        }

        yield return Row($"the most, while {Largest.Name}", Bytes);
        if (device is { } bytes)
        {
            yield return Row(bytes >= Bytes ? "of which the device has enough" : "of which the device has not enough", bytes);
        }
    }

    /// <summary>Refuses a training that a device has no room for, and says what would fit.</summary>
    /// <param name="name">Name of the device.</param>
    /// <param name="device">Its memory in bytes.</param>
    /// <exception cref="DeviceMemoryException">There is no room; one sentence says how much is needed, by whom, and the way out.</exception>
    public void Require(string name, long device)
    {
        if (Bytes <= device)
        {
            return;
        }

        IEnumerable<MemoryOwner> owners = Always.Concat(Largest.Owners).OrderByDescending(static owner => owner.Bytes).Take(3);
        string largest = string.Join(", ", owners.Select(static owner => $"{owner.Name} {Gigabytes(owner.Bytes)}"));
        throw DeviceMemoryException.Refusal($"{name}: this training does not fit: {Gigabytes(Bytes)} needed while {Largest.Name}, {Gigabytes(device)} there; the largest: {largest}; {Way(device)}.", Bytes);
    }

    private static string Row(string name, long bytes) => string.Create(CultureInfo.InvariantCulture, $"  {name.PadRight(NameWidth)}{bytes / 1e9,8:F2} GB");

    // One change by itself; else all of them together.
    private string Way(long device)
    {
        List<(string Text, Func<TrainingPlanRequest, TrainingPlanRequest> Change)> changes = [.. Changes()];
        List<string> fitting = [.. changes.Where(change => Of(change.Change(Request)).Bytes <= device).Select(static change => change.Text)];
        if (fitting.Count > 0)
        {
            return $"it would fit with {string.Join(", or with ", fitting)}";
        }

        // Of the teacher's changes the last one takes the least.
        (string text, TrainingPlanRequest least) = ("", Request);
        foreach ((string name, Func<TrainingPlanRequest, TrainingPlanRequest> change) in changes.Where(static change => !change.Text.StartsWith("its", StringComparison.Ordinal)))
        {
            (text, least) = (text.Length > 0 ? $"{text} and {name}" : name, change(least));
            if (Of(least).Bytes <= device)
            {
                return $"it would fit with {text}";
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? $"with {text} it would still need {Gigabytes(Of(least).Bytes)}; " : "")}take a larger device, or fewer frames or smaller pictures in image_or_video_shape");
    }

    private IEnumerable<(string Text, Func<TrainingPlanRequest, TrainingPlanRequest> Change)> Changes()
    {
        if (!Request.Checkpoints)
        {
            yield return ("gradient_checkpointing: true", static request => request with { Checkpoints = true });
        }

        if (Request.StraightThrough)
        {
            yield return ("kv_grad: detached", static request => request with { StraightThrough = false });
        }

        if (Request.Teacher is { } teacher && Request.TeacherAs == TeacherPlacement.Resident)
        {
            yield return ($"its weights of {Request.TeacherName} stored in fp8", static request => request with { TeacherAs = TeacherPlacement.EightBit });
            yield return ($"stream_teacher: true", static request => request with { TeacherAs = TeacherPlacement.Streamed });
            if (teacher.Dim > Models.WanConfig.T2V1_3B.Dim)
            {
                yield return ("its teacher the 1.3B model (real_name: Wan2.1-T2V-1.3B)", static request => request with { Teacher = Models.WanConfig.T2V1_3B });
            }
        }
    }
}
