using System.Globalization;

namespace RewardForcing.Native.KernelLab;

/// <summary>Projects frames per second of the 1.3B model with the full VAE on an H100. Nothing of it is measured on one.</summary>
internal static class ProjectCommand
{
    private const int LatentFrames = 21;
    private const int PicturesOfLatent = 4;
    private const string Label = "A projection from counts of the simulated device, not a measurement.";

    /// <summary>Runs the command.</summary>
    /// <param name="arguments">Its options.</param>
    /// <returns>0.</returns>
    public static int Run(LabArguments arguments)
    {
        bool json = arguments.Has("--json");
        arguments.RequireNothingElse();
        CountedKernels kernels = new();
        int blocks = LatentFrames / TransformerProjection.BlockFrames;
        IReadOnlyList<ProjectedCall> decoder = DecoderProjection.Calls(kernels);
        IReadOnlyList<ProjectedCall>[] passes = [.. Enumerable.Range(0, blocks).Select(block => TransformerProjection.Calls(kernels, TransformerProjection.WindowFrames(block)))];

        // The first latent frame becomes one picture only; its decoding is counted as that of the others.
        double steadyTransformer = TransformerProjection.Passes * Seconds(passes[^1]), steadyDecoder = TransformerProjection.BlockFrames * Seconds(decoder);
        double clip = (TransformerProjection.Passes * passes.Sum(Seconds)) + (LatentFrames * Seconds(decoder));
        double beside = (TransformerProjection.Passes * passes[^1].Sum(static call => call.Calls * call.BesideSeconds))
            + (TransformerProjection.BlockFrames * decoder.Sum(static call => call.Calls * call.BesideSeconds));
        double pictures = PicturesOfLatent * TransformerProjection.BlockFrames, allPictures = 1 + (PicturesOfLatent * (LatentFrames - 1));
        if (json)
        {
            LabJson.Write(new
            {
                label = Label, transformer_pass = passes[^1], decoder_latent = decoder,
                block_milliseconds = new { transformer = 1e3 * steadyTransformer, decoder = 1e3 * steadyDecoder },
                frames_per_second = new { steady = pictures / (steadyTransformer + steadyDecoder), steady_beside = pictures / beside, clip = allPictures / clip },
                assumptions = H100.Assumptions.Concat(ProjectedCall.Assumptions),
            });
            return 0;
        }

        Console.WriteLine($"{Label}\nWan 2.1 1.3B as Reward Forcing runs it: 480 x 832, {LatentFrames} latent frames, blocks of three, four steps and a pass for the cache, the whole VAE.");
        Print("one pass of the transformer, window full", passes[^1]);
        Print("decoding one latent frame to four pictures", decoder);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"a block of {pictures} pictures: transformer {1e3 * steadyTransformer:F0} ms, decoder {1e3 * steadyDecoder:F0} ms\nprojected, one after the other: {pictures / (steadyTransformer + steadyDecoder):F1} frames a second with the window full, {allPictures / clip:F1} over {allPictures} frames from the start\nprojected, beside each other: {pictures / beside:F1} frames a second with the window full ({1e3 * beside:F0} ms a block)"));
        Console.WriteLine("assumed:");
        foreach (string line in H100.Assumptions.Concat(ProjectedCall.Assumptions))
        {
            Console.WriteLine($"  {line}");
        }

        return 0;
    }

    private static double Seconds(IReadOnlyList<ProjectedCall> calls) => calls.Sum(static call => call.TotalSeconds);

    private static void Print(string title, IReadOnlyList<ProjectedCall> calls)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{title}: {1e3 * Seconds(calls):F1} ms, {calls.Sum(static call => call.Calls * call.Flops) / 1e12:F2} TFLOP"));
        foreach (ProjectedCall call in calls)
        {
            string rate = call.Flops > 0 ? string.Create(CultureInfo.InvariantCulture, $"{call.Flops / call.Seconds / 1e12,4:F0} of at most {call.Flops / call.BoundSeconds / 1e12,3:F0} TFLOP/s") : string.Empty;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"  {call.Kernel,-21} {call.Sizes,-42} {call.Calls,4} x {1e6 * call.Seconds,7:F1} us = {1e3 * call.TotalSeconds,6:F2} ms  {call.Bound,-8} {rate}"));
        }
    }
}
