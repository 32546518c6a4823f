using System.Text.Json;

namespace RewardForcing.Native.Generation;

/// <summary>Where the time and the memory of a generation went.</summary>
/// <remarks>Frames per second count the frames of all samples. A block costs about 100 bytes here, the one thing that grows with a video's length.</remarks>
public sealed record GenerationReport
{
    /// <summary>Seconds to load networks; filled in by who loads them.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>Seconds to encode the text; filled in by who encodes it.</summary>
    public double TextSeconds { get; init; }

    /// <summary>The blocks.</summary>
    public IReadOnlyList<BlockReport> Blocks { get; init; } = [];

    /// <summary>Samples generated together.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Seconds from the start of the generation to its last frame; loading and text are not in it.</summary>
    public double GenerationSeconds { get; init; }

    /// <summary>Seconds from the start of the generation to its first decoded frames; loading and text are not in it.</summary>
    public double FirstFrameSeconds { get; init; }

    /// <summary>Largest number of bytes in use on the device during the generation; mapped weights are not counted.</summary>
    public long PeakDeviceBytes { get; init; }

    /// <summary>Largest resident memory of the process so far, in bytes.</summary>
    public long PeakProcessBytes { get; init; }

    /// <summary>Decoded frames of all samples.</summary>
    public int Frames => Samples * Blocks.Sum(static block => block.Frames);

    /// <summary>Frames per second if the transformer were all there is: denoising and cache passes.</summary>
    public double TransformerOnlyFramesPerSecond => PerSecond(Blocks.Sum(static block => block.DenoiseSeconds + block.CachePassSeconds));

    /// <summary>Frames per second if the decoder were all there is.</summary>
    public double DecoderOnlyFramesPerSecond => PerSecond(Blocks.Sum(static block => block.DecodeSeconds));

    /// <summary>Frames per second from the start of the generation to its last frame.</summary>
    public double EndToEndFramesPerSecond => PerSecond(GenerationSeconds);

    /// <summary>Frames per second with loading and text encoding counted too.</summary>
    public double EndToEndFramesPerSecondWithLoading => PerSecond(LoadSeconds + TextSeconds + GenerationSeconds);

    /// <summary>Writes the report as a JSON object; every name says what is counted and in which unit.</summary>
    /// <param name="stream">Destination; left open.</param>
    public void WriteJson(Stream stream)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("load_seconds", LoadSeconds);
        json.WriteNumber("text_seconds", TextSeconds);
        WriteGeneration(json);
        json.WriteNumber("end_to_end_frames_per_second_with_load_and_text", EndToEndFramesPerSecondWithLoading);
        json.WriteEndObject();
    }

    /// <summary>Writes what concerns the generation alone, as members of an object that is open.</summary>
    internal void WriteGeneration(Utf8JsonWriter json)
    {
        json.WriteNumber("generation_seconds_without_load_and_text", GenerationSeconds);
        json.WriteNumber("first_frame_seconds_without_load_and_text", FirstFrameSeconds);
        json.WriteNumber("frames", Frames);
        json.WriteNumber("samples", Samples);
        json.WriteNumber("transformer_only_frames_per_second", TransformerOnlyFramesPerSecond);
        json.WriteNumber("decoder_only_frames_per_second", DecoderOnlyFramesPerSecond);
        json.WriteNumber("end_to_end_frames_per_second", EndToEndFramesPerSecond);
        json.WriteNumber("peak_device_bytes", PeakDeviceBytes);
        json.WriteNumber("peak_process_bytes", PeakProcessBytes);
        json.WriteStartArray("blocks");
        foreach (BlockReport block in Blocks)
        {
            json.WriteStartObject();
            json.WriteNumber("block", block.Block);
            json.WriteNumber("latent_frames", block.LatentFrames);
            json.WriteNumber("frames", block.Frames);
            json.WriteNumber("denoise_seconds", block.DenoiseSeconds);
            json.WriteNumber("cache_pass_seconds", block.CachePassSeconds);
            json.WriteNumber("decode_seconds", block.DecodeSeconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private double PerSecond(double seconds) => seconds > 0 ? Frames / seconds : 0;
}
