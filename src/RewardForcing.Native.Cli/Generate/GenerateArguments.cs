using System.CommandLine;
using System.CommandLine.Parsing;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Generation;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;
using static RewardForcing.Native.Cli.OptionKinds;

namespace RewardForcing.Native.Cli;

/// <summary>The options of <c>generate</c>. Those of the reference have its names and defaults.</summary>
internal sealed class GenerateArguments
{
    private const int VBenchSamples = 5;

    private readonly Option<string?> _configPath = Text("--config_path", "The run's YAML file; the published Reward Forcing run if not given.", "FILE");
    private readonly Option<string?> _checkpointPath = Text("--checkpoint_path", "Weights (.pt, .safetensors, an index of shards, or a folder with one of them) that replace the model folder's transformer.", "FILE");
    private readonly Option<string?> _dataPath = Text("--data_path", "A file of prompts, one a line; with --i2v a folder of images and captions.", "PATH");
    private readonly Option<string?> _extendedPromptPath = Text("--extended_prompt_path", "As many prompts as --data_path has: these are used, those name the files.", "FILE");
    private readonly Option<string> _outputFolder = Named(new Option<string>("--output_folder") { Description = "Where the videos go.", HelpName = "DIR", DefaultValueFactory = static _ => "videos" });
    private readonly Option<int?> _frames = new("--num_output_frames") { Description = "Latent frames: F of them are 1 + 4 (F - 1) frames. 21 if not given, or what fits into blocks.", HelpName = "N" };
    private readonly Option<bool> _i2v = new("--i2v") { Description = "Start from images: those of --data_path, or --image." };
    private readonly Option<bool> _useEma = new("--use_ema") { Description = "Take the running average of a checkpoint's weights." };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of all random numbers.", HelpName = "N" };
    private readonly Option<int?> _samples = new("--num_samples") { Description = "Videos for each prompt; 1 if not given, 5 with --vbench.", HelpName = "N" };
    private readonly Option<bool> _saveWithIndex = new("--save_with_index") { Description = "Name files after the numbers of prompt and sample." };

    private readonly Option<string?> _prompt = Text("--prompt", "The prompt.", "TEXT");
    private readonly Option<string?> _modelDir = Text("--model_dir", "The folder of a Wan model; checkpoints/Wan2.1-T2V-1.3B if not given.", "DIR");
    private readonly Option<string> _device = new("--device") { Description = "Where to compute: cpu, cuda (the first GPU) or cuda:N.", HelpName = "NAME", DefaultValueFactory = static _ => "cpu" };
    private readonly Option<int?> _height = new("--height") { Description = "Rows of pixels, a multiple of 16; 480 if not given.", HelpName = "N" };
    private readonly Option<int?> _width = new("--width") { Description = "Columns of pixels, a multiple of 16; 832 if not given.", HelpName = "N" };
    private readonly Option<string?> _image = Text("--image", "A picture to start from.", "FILE");
    private readonly Option<string?> _extend = Text("--extend", "A video to continue: a file of latents, an MP4 or other video, or a folder of PNG frames.", "PATH");
    private readonly Option<string[]> _decoder = new("--decoder") { Description = "vae, or taehv and its file: fast and coarse.", HelpName = "vae|taehv PATH", Arity = new ArgumentArity(1, 2), AllowMultipleArgumentsPerToken = true };
    private readonly Option<double> _fps = new("--fps") { Description = "Frames per second of the files.", HelpName = "N", DefaultValueFactory = static _ => 16 };
    private readonly Option<string> _format = OneOf("--format", "How videos are stored; MP4 needs ffmpeg.", "mp4", "apng", "png");
    private readonly Option<string?> _ffmpeg = Text("--ffmpeg", "The program ffmpeg; found on PATH if not given.", "PATH");
    private readonly Option<string> _dtype = OneOf("--dtype", "Type of the activations; on a GPU bf16 rounds wider weights too.", "f32", "bf16");
    private readonly Option<bool> _lowMemory = new("--low_memory") { Description = "For GPUs the model does not fit: weights are brought piece by piece. Slower, the same frames." };
    private readonly Option<bool> _contactSheet = new("--contact_sheet") { Description = "Write a PNG of twelve frames beside each video." };

    private readonly Option<string?> _sampler = Text("--sampler", "few-step as the configuration says, or a solver of many steps for models that are not distilled.", "few-step|unipc|dpm++|euler");
    private readonly Option<int?> _steps = new("--steps") { Description = "Steps of a solver; 50 if not given, 40 from images.", HelpName = "N" };
    private readonly Option<float?> _guidance = new("--guidance") { Description = "Guidance of a solver; 5 if not given, 1 for none.", HelpName = "X" };
    private readonly Option<string?> _negativePrompt = Text("--negative_prompt", "What guidance leads away from; Wan's if not given.", "TEXT");
    private readonly Option<string?> _cachePolicy = Text("--cache_policy", "How past frames are kept.", string.Join('|', CachePolicy.Names));
    private readonly Option<double?> _sinkAlpha = new("--sink_alpha") { Description = "Share of the sink that is kept at each update, 0 to 1; 0.999 if not given.", HelpName = "X" };
    private readonly Option<string?> _sinkDtype = Text("--sink_dtype", "Arithmetic of the sink's average with bf16.", "bf16_exact|fp32");
    private readonly Option<string?> _sinkMismatch = Text("--sink_mismatch", "What the sink does when another number of frames leaves the window.", "overwrite|keep");
    private readonly Option<string> _rng = OneOf("--rng", "Random numbers: the same on every device, or PyTorch's on the CPU.", "philox", "torch-cpu");

    private readonly Option<bool> _vbench = new("--vbench") { Description = "Name files as VBench looks for them, 5 samples of each prompt." };
    private readonly Option<string?> _saveLatents = Text("--save_latents", "Write the latents too.", "FILE");
    private readonly Option<string?> _noiseFrom = Text("--noise_from", "Take noise from a file instead of random numbers.", "FILE");
    private readonly Option<string?> _report = Text("--report", "Write times and memory as JSON.", "FILE");
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Make videos that exist again." };

    public GenerateArguments()
    {
        Allow(_sampler, "few-step", "unipc", "dpm++", "euler");
        Allow(_cachePolicy, [.. CachePolicy.Names]);
        Allow(_sinkDtype, "bf16_exact", "fp32");
        Allow(_sinkMismatch, "overwrite", "keep");
    }

    /// <summary>Declares the options, and what they must not be.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
        {
            _prompt, _dataPath, _extendedPromptPath, _image, _i2v, _extend, _modelDir, _checkpointPath, _useEma, _configPath, _outputFolder, _format, _fps, _frames,
            _height, _width, _seed, _samples, _overwrite, _saveWithIndex, _vbench, _contactSheet, _saveLatents, _report, _device, _dtype, _lowMemory, _decoder, _sampler, _steps,
            _guidance, _negativePrompt, _cachePolicy, _sinkAlpha, _sinkDtype, _sinkMismatch, _rng, _noiseFrom, _ffmpeg,
        })
        {
            command.Add(option);
        }

        command.Validators.Add(Check);
        Require(_frames, static value => value >= 1, "a whole number from 1 on");
        Require(_samples, static value => value is >= 1 and <= ushort.MaxValue, $"a whole number from 1 to {ushort.MaxValue}");
        Require(_height, static value => value >= 16, "a multiple of 16");
        Require(_width, static value => value >= 16, "a multiple of 16");
        Require(_steps, static value => value >= 1, "a whole number from 1 on");
        Require(_fps, static value => value is > 0 and <= 1000, "a number above 0, at most 1000");
        Require(_sinkAlpha, static value => value is >= 0 and <= 1, "a number from 0 to 1");
        Require(_guidance, static value => value is null || float.IsFinite(value.Value), "a finite number");
    }

    /// <summary>What a command line asks for.</summary>
    public GenerateOptions Read(ParseResult parsed)
    {
        string[] decoder = parsed.GetValue(_decoder) ?? [];
        bool isVBench = parsed.GetValue(_vbench);
        string? image = parsed.GetValue(_image);
        return new GenerateOptions
        {
            ConfigPath = parsed.GetValue(_configPath),
            CheckpointPath = parsed.GetValue(_checkpointPath),
            UsesAverage = parsed.GetValue(_useEma),
            ModelFolder = parsed.GetValue(_modelDir),
            Prompt = parsed.GetValue(_prompt),
            DataPath = parsed.GetValue(_dataPath),
            ExtendedPromptPath = parsed.GetValue(_extendedPromptPath),
            IsImageDataset = parsed.GetValue(_i2v) && image is null,
            ImagePath = image,
            ExtendPath = parsed.GetValue(_extend),
            OutputFolder = parsed.GetValue(_outputFolder)!,
            LatentFrames = parsed.GetValue(_frames),
            Seed = parsed.GetValue(_seed),
            Samples = parsed.GetValue(_samples) ?? (isVBench ? VBenchSamples : 1),
            Naming = isVBench ? NamingRule.VBench : parsed.GetValue(_saveWithIndex) ? NamingRule.Index : NamingRule.Words,
            Overwrites = parsed.GetValue(_overwrite),
            Device = parsed.GetValue(_device)!,
            Type = parsed.GetValue(_dtype) == "bf16" ? DType.BF16 : DType.F32,
            SavesMemory = parsed.GetValue(_lowMemory),
            Height = parsed.GetValue(_height),
            Width = parsed.GetValue(_width),
            UsesPreviewDecoder = decoder.FirstOrDefault() == "taehv",
            PreviewDecoderPath = decoder.ElementAtOrDefault(1),
            Fps = parsed.GetValue(_fps),
            Format = Enum.Parse<VideoFormat>(parsed.GetValue(_format)!, ignoreCase: true),
            Ffmpeg = parsed.GetValue(_ffmpeg),
            WritesContactSheet = parsed.GetValue(_contactSheet),
            CachePolicy = parsed.GetValue(_cachePolicy),
            SinkAlpha = parsed.GetValue(_sinkAlpha),
            SinkPrecision = parsed.GetValue(_sinkDtype) switch { null => null, "fp32" => SinkPrecision.Fp32, _ => SinkPrecision.Bf16Exact },
            SinkMismatch = parsed.GetValue(_sinkMismatch) switch { null => null, "keep" => SinkMismatch.Keep, _ => SinkMismatch.Overwrite },
            Sampler = parsed.GetValue(_sampler),
            Steps = parsed.GetValue(_steps),
            Guidance = parsed.GetValue(_guidance),
            NegativePrompt = parsed.GetValue(_negativePrompt),
            UsesTorchRandom = parsed.GetValue(_rng) == "torch-cpu",
            NoiseFile = parsed.GetValue(_noiseFrom),
            LatentFile = parsed.GetValue(_saveLatents),
            ReportPath = parsed.GetValue(_report),
        };
    }

    private void Check(CommandResult result)
    {
        bool Has(Option option) => result.GetResult(option) is { Implicit: false };
        string[] decoder = Has(_decoder) && !result.GetResult(_decoder)!.Errors.Any() ? [.. result.GetResult(_decoder)!.Tokens.Select(static token => token.Value)] : [];
        string? problem = Has(_prompt) && Has(_dataPath) ? "--prompt and --data_path are two places for prompts; give one of them."
            : !Has(_prompt) && !Has(_dataPath) ? "There is no prompt; give one with --prompt TEXT, or a file of them with --data_path FILE."
            : Has(_extendedPromptPath) && !Has(_dataPath) ? "--extended_prompt_path goes with --data_path, whose prompts name the files."
            : Has(_i2v) && !Has(_image) && !Has(_dataPath) ? "--i2v needs images; give one with --image FILE, or a folder of them with --data_path DIR."
            : Has(_i2v) && !Has(_image) && Has(_extendedPromptPath) ? "--extended_prompt_path does not go with --i2v, whose images bring their captions."
            : Has(_extend) && (Has(_image) || Has(_i2v)) ? "--extend and --image are two beginnings; give one of them."
            : Has(_vbench) && Has(_saveWithIndex) ? "--vbench and --save_with_index name files in two ways; give one of them."
            : Has(_lowMemory) && (!Has(_device) || result.GetValue(_device) == "cpu") ? "--low_memory is for GPUs; on the CPU weights are read from the file as they are used, so leave it out, or give a GPU with --device cuda."
            : Has(_noiseFrom) && (Has(_rng) || Has(_seed)) ? "--noise_from replaces random numbers; leave out --rng and --seed."
            : decoder is not ([] or ["vae"] or ["taehv"] or ["taehv", _]) ? "--decoder must be vae, taehv, or taehv and its file."
            : null;
        if (problem is not null)
        {
            result.AddError(problem);
        }
    }
}
