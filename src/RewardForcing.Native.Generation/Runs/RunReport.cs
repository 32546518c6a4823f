using System.Text.Json;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>What a run made, and where its time and memory went.</summary>
public sealed record RunReport
{
    /// <summary>Where it ran.</summary>
    public string Device { get; init; } = "";

    /// <summary>The file of the transformer's weights; null if everything existed and nothing was loaded.</summary>
    public string? Transformer { get; init; }

    /// <summary>The decoder: <c>vae</c> or <c>taehv</c>.</summary>
    public string Decoder { get; init; } = "";

    /// <summary>How latents were made; null if nothing was made.</summary>
    public GenerationSettings? Settings { get; init; }

    /// <summary>Type of the activations.</summary>
    public DType Type { get; init; }

    /// <summary>Seed of the random numbers; null where noise came from a file.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The videos made.</summary>
    public IReadOnlyList<VideoReport> Videos { get; init; } = [];

    /// <summary>Videos that existed and were left as they are.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    /// <summary>Seconds to load the transformer, the decoder and what start frames need.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>Seconds to load the text encoder, encode all prompts, and release it again.</summary>
    public double TextSeconds { get; init; }

    /// <summary>Largest number of bytes in use on the device while texts were encoded; mapped weights are not counted.</summary>
    public long TextPeakDeviceBytes { get; init; }

    /// <summary>What was planned of a GPU's memory; null on the CPU.</summary>
    public MemoryPlan? Memory { get; init; }

    /// <summary>Seconds of the whole run, from reading the configuration to the last file.</summary>
    public double TotalSeconds { get; init; }

    /// <summary>Frames of all videos.</summary>
    public int Frames => Videos.Sum(static video => video.Timing.Frames);

    /// <summary>Largest resident memory of the process, in bytes.</summary>
    public long PeakProcessBytes { get; init; }

    /// <summary>Writes the report as a JSON object; every name says what is counted and in which unit.</summary>
    /// <param name="stream">Destination; left open.</param>
    public void WriteJson(Stream stream)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("device", Device);
        json.WriteString("transformer", Transformer);
        json.WriteString("decoder", Decoder);
        json.WriteString("activations", Type.ToString());
        WriteSettings(json);
        json.WriteNumber("load_seconds", LoadSeconds);
        json.WriteNumber("text_seconds", TextSeconds);
        json.WriteNumber("total_seconds_with_load_and_text", TotalSeconds);
        json.WriteNumber("frames_of_all_videos", Frames);
        double generation = Videos.Sum(static video => video.Timing.GenerationSeconds);
        json.WriteNumber("end_to_end_frames_per_second_without_load_and_text", generation > 0 ? Frames / generation : 0);
        json.WriteNumber("end_to_end_frames_per_second_with_load_and_text", TotalSeconds > 0 ? Frames / TotalSeconds : 0);
        json.WriteNumber("peak_process_bytes", PeakProcessBytes);
        json.WriteNumber("text_peak_device_bytes", TextPeakDeviceBytes);
        if (Memory is not null)
        {
            json.WritePropertyName("memory_plan");
            Memory.WriteJson(json);
        }

        json.WriteStartArray("videos");
        foreach (VideoReport video in Videos)
        {
            WriteVideo(json, video);
        }

        json.WriteEndArray();
        WriteStrings(json, "skipped_because_they_exist", Skipped);
        json.WriteEndObject();
    }

    private void WriteSettings(Utf8JsonWriter json)
    {
        if (Seed is ulong seed)
        {
            json.WriteNumber("seed", seed);
        }

        if (Settings is null)
        {
            return;
        }

        json.WriteString("sampler", Settings.Sampler.ToString());
        json.WriteNumber("steps_of_a_block", LatentMaker.StepsOf(Settings));
        json.WriteNumber("timestep_shift", Settings.TimestepShift);
        if (Settings.IsCausal)
        {
            json.WriteString("cache_policy", Settings.CachePolicy.Name);
            json.WriteNumber("window_latent_frames", Settings.CachePolicy.WindowFrames);
            json.WriteNumber("sink_latent_frames", Settings.CachePolicy.SinkFrames);
        }

        if (!Settings.IsFewStep)
        {
            json.WriteString("solver", Settings.Solver.ToString());
            json.WriteNumber("guidance", Settings.Guidance);
        }
    }

    private static void WriteVideo(Utf8JsonWriter json, VideoReport video)
    {
        json.WriteStartObject();
        WriteStrings(json, "files", video.Files);
        WriteStrings(json, "other_files", video.Extras);
        json.WriteNumber("prompt_index", video.Index);
        json.WriteString("prompt", video.Prompt);
        json.WriteNumber("height", video.Height);
        json.WriteNumber("width", video.Width);
        video.Timing.WriteGeneration(json);
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
