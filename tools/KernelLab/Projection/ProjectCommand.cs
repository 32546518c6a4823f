using System.Globalization;

namespace RewardForcing.Native.KernelLab;

/// <summary>Prints the projection, what it is made of and what it assumes.</summary>
internal static class ProjectCommand
{
    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Its options.</param>
    /// <returns>0, or 1 if fewer frames a second are projected than the budget asks for.</returns>
    public static int Run(LabArguments arguments)
    {
        string folder = arguments.Folder;
        bool json = arguments.Has("--json");
        arguments.RequireNothingElse();
        KernelBudget budget = KernelBudget.Read(Path.Combine(folder, "budget.json"));
        Projection projection = Projection.Of(new CountedKernels());
        if (json)
        {
            LabJson.Write(new
            {
                label = Projection.Label,
                transformer_pass = projection.Steady,
                decoder_latent = projection.Decoder,
                block_milliseconds = new { transformer = 1e3 * projection.TransformerSeconds, decoder = 1e3 * projection.DecoderSeconds },
                frames_per_second = new { steady = projection.SteadyFrames, steady_beside = projection.BesideFrames, clip = projection.ClipFrames },
                assumptions = H100.Assumptions.Concat(ProjectedCall.Assumptions),
            });
        }
        else
        {
            Print(projection);
        }

        if (projection.BesideFrames >= budget.ProjectedFrames)
        {
            return 0;
        }

        Console.Error.WriteLine($"{projection.BesideFrames:F1} frames a second are projected, and {budget.ProjectedFrames} are asked for.");
        return 1;
    }

    private static void Print(Projection projection)
    {
        Console.WriteLine($"{Projection.Label}\nWan 2.1 1.3B as Reward Forcing runs it: 480 x 832, {Projection.LatentFrames} latent frames, blocks of three, four steps and a pass for the cache, the whole VAE.");
        Print("one pass of the transformer, window full", projection.Steady);
        Print("decoding one latent frame to four pictures", projection.Decoder);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a block of {Projection.BlockPictures} pictures: transformer {1e3 * projection.TransformerSeconds:F0} ms, decoder {1e3 * projection.DecoderSeconds:F0} ms"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"projected, after each other: {projection.SteadyFrames:F1} frames a second with the window full, {projection.ClipFrames:F1} over {Projection.Pictures} frames from the start"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"projected, beside each other: {projection.BesideFrames:F1} frames a second with the window full"));
        Console.WriteLine("assumed:");
        foreach (string line in H100.Assumptions.Concat(ProjectedCall.Assumptions))
        {
            Console.WriteLine($"  {line}");
        }
    }

    private static void Print(string title, IReadOnlyList<ProjectedCall> calls)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{title}: {1e3 * Projection.Seconds(calls):F1} ms, {calls.Sum(static call => call.Calls * call.Flops) / 1e12:F2} TFLOP"));
        foreach (ProjectedCall call in calls)
        {
            string rate = call.Flops > 0 ? string.Create(CultureInfo.InvariantCulture, $"{call.Flops / call.Seconds / 1e12,4:F0} of at most {call.Flops / call.BoundSeconds / 1e12,3:F0} TFLOP/s") : string.Empty;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"  {call.Kernel,-21} {call.Sizes,-42} {call.Calls,4} x {1e6 * call.Seconds,7:F1} us = {1e3 * call.TotalSeconds,6:F2} ms  {call.Bound,-8} {rate}"));
        }
    }
}
