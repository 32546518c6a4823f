using System.Globalization;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Refuses a run that a device has no room for, and says which runs it has room for.</summary>
internal static class MemoryCheck
{
    private const int SideStep = 16;

    /// <summary>Refuses what cannot fit.</summary>
    /// <param name="options">The run.</param>
    /// <param name="run">The configuration.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="planOf">Plans another run.</param>
    /// <param name="hasPreview">Whether the file of the preview decoder is there.</param>
    /// <exception cref="DeviceMemoryException">There is no room; one sentence says how much is needed and free, and what would fit.</exception>
    public static void Require(GenerateOptions options, RunConfig run, MemoryPlan plan, Func<GenerateOptions, MemoryPlan> planOf, bool hasPreview)
    {
        if (plan.Fits)
        {
            return;
        }

        // One change by itself; else the fewest together; else all of them, and pictures as large as there is room for.
        List<(string Text, Func<GenerateOptions, GenerateOptions> Change)> changes = Changes(options, hasPreview);
        List<string> fitting = [.. changes.Where(change => planOf(change.Change(options)).Fits).Select(static change => change.Text)];
        (string text, GenerateOptions least) = ("", options);
        foreach ((string name, Func<GenerateOptions, GenerateOptions> change) in fitting.Count == 0 ? changes : [])
        {
            (text, least) = ($"{text} {name}".Trim(), change(least));
            if (planOf(least).Fits)
            {
                fitting.Add(text);
                break;
            }
        }

        (text, least) = fitting.Count == 0 ? (text, least) : ("", options);
        if (Smaller(least, run, planOf) is { } size)
        {
            fitting.Add($"{text} {size}".Trim());
        }

        string way = fitting.Count > 0 ? $"it would fit with {string.Join(", or with ", fitting)}" : "no smaller size fits either; free memory of the device, or take another device";
        throw DeviceMemoryException.Refusal($"{options.Device}: this run does not fit: {plan.Summary}; {way}.", plan.NeededBytes);
    }

    // What costs the least first.
    private static List<(string Text, Func<GenerateOptions, GenerateOptions> Change)> Changes(GenerateOptions options, bool hasPreview)
    {
        List<(string, Func<GenerateOptions, GenerateOptions>)> changes = [];
        if (options.Type == DType.F32)
        {
            changes.Add(("--dtype bf16", static run => run with { Type = DType.BF16 }));
        }

        if (!options.SavesMemory)
        {
            changes.Add(("--low_memory", static run => run with { SavesMemory = true }));
        }

        if (hasPreview && !options.UsesPreviewDecoder)
        {
            changes.Add(("--decoder taehv", static run => run with { UsesPreviewDecoder = true }));
        }

        return changes;
    }

    // The largest picture of nearly the same shape.
    private static string? Smaller(GenerateOptions options, RunConfig run, Func<GenerateOptions, MemoryPlan> planOf)
    {
        (int height, int width) = (options.Height ?? run.Height, options.Width ?? run.Width);
        for (int rows = height - SideStep; rows >= SideStep; rows -= SideStep)
        {
            int columns = Math.Max(SideStep, (int)((long)width * rows / height / SideStep) * SideStep);
            if (planOf(options with { Height = rows, Width = columns }).Fits)
            {
                return string.Create(CultureInfo.InvariantCulture, $"--height {rows} --width {columns}");
            }
        }

        return null;
    }
}
