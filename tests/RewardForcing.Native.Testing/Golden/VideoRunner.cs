using System.Text.Json;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>Reads a video that <c>expected.json</c> beside it describes; needs ffmpeg, and where there is none the case is of no kind that can be run.</summary>
/// <remarks>Means are those of ffmpeg's default conversion, which differs by a level or so between its versions.</remarks>
public sealed class VideoRunner : FileRunner
{
    private const double MeanTolerance = 1.5;
    private const double PsnrTolerance = 0.3;

    /// <inheritdoc/>
    public override bool Handles(string path) =>
        Path.GetExtension(path) is ".mp4" or ".avi" && File.Exists(Expectations(path)) && FfmpegFinder.Find(null) is not null;

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Expectations(path)));
        JsonElement expected = document.RootElement.GetProperty("files").GetProperty(Path.GetFileName(path));
        Picture[] frames = [.. VideoFile.Read(path)];
        yield return new Comparison("number of frames", Math.Abs(frames.Length - expected.GetProperty("frames").GetInt32()), 0);
        bool isSize = frames.All(frame => frame.Width == expected.GetProperty("width").GetInt32() && frame.Height == expected.GetProperty("height").GetInt32());
        yield return new Comparison("size of frames", isSize ? 0 : double.PositiveInfinity, 0);
        double[][] means = expected.GetProperty("decoded_mean_rgb").Deserialize<double[][]>()!;
        double[] psnr = expected.GetProperty("psnr_db_vs_source").Deserialize<double[]>()!;
        byte[] source = Source(path);
        for (int i = 0; i < Math.Min(frames.Length, means.Length); i++)
        {
            byte[] pixels = frames[i].Rgb24;
            double worst = Enumerable.Range(0, 3).Max(channel => Math.Abs(Mean(pixels, channel) - means[i][channel]));
            yield return new Comparison($"mean colour of frame {i}", worst, MeanTolerance);

            // Worse than the reference is an error; better is not.
            yield return new Comparison($"signal to noise of frame {i}, dB lost", Math.Max(0, psnr[i] - Psnr(pixels, source.AsSpan(i * pixels.Length, pixels.Length))), PsnrTolerance);
        }
    }

    private static string Expectations(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "expected.json");

    private static byte[] Source(string path)
    {
        using TensorArchive archive = TensorArchive.Open(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "source_frames.safetensors"));
        using TensorBytes frames = archive.Map(archive.TryGet("frames", out TensorEntry? entry) ? entry : throw new InvalidDataException("source_frames.safetensors has no frames."));
        return frames.ToArray();
    }

    private static double Mean(byte[] pixels, int channel)
    {
        long sum = 0;
        for (int i = channel; i < pixels.Length; i += 3)
        {
            sum += pixels[i];
        }

        return sum * 3.0 / pixels.Length;
    }

    private static double Psnr(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        double squares = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            squares += (actual[i] - expected[i]) * (actual[i] - expected[i]);
        }

        return 10 * Math.Log10(byte.MaxValue * byte.MaxValue / Math.Max(squares / actual.Length, 1e-9));
    }
}
