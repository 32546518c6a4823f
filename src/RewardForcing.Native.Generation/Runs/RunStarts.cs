using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Generation;

/// <summary>Prepares what videos start from, once for neighbours that start from the same.</summary>
/// <param name="options">What is asked for.</param>
/// <param name="config">The configuration.</param>
/// <param name="networks">Encode images and frames.</param>
/// <param name="settings">Settings of all videos.</param>
internal sealed class RunStarts(GenerateOptions options, RunConfig config, RunNetworks networks, GenerationSettings settings)
{
    private const int SpatialScale = 8;
    private string? _path;
    private VideoSetup? _known;

    /// <summary>The setup of a prompt's videos.</summary>
    /// <param name="line">The prompt.</param>
    /// <param name="stage">Told what is being encoded.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    /// <exception cref="ModelFormatException">What it starts from cannot be read.</exception>
    public VideoSetup Of(PromptLine line, Action<string> stage, CancellationToken cancellation)
    {
        string? path = line.ImagePath ?? options.ExtendPath;
        if (_known is null || path != _path)
        {
            if (path is not null)
            {
                stage($"encoding {path}");
            }

            _known = line.ImagePath is { } image ? FromImage(image, cancellation) : options.ExtendPath is { } video ? FromVideo(video, cancellation) : FromNothing();
            _known.Check();
            _path = path;
        }

        return _known;
    }

    private (int Height, int Width) Size() => (options.Height ?? config.Height, options.Width ?? config.Width);

    private VideoSetup FromNothing()
    {
        if (networks.Config.IsImageToVideo)
        {
            throw new ArgumentException($"{networks.TransformerPath} is an image-to-video transformer and needs an image; give one with --image FILE.");
        }

        (int height, int width) = Size();
        return new VideoSetup(settings, RunSettings.NewFrames(options.LatentFrames, settings, false, false), height, width, null, null);
    }

    private VideoSetup FromImage(string path, CancellationToken cancellation)
    {
        (int Height, int Width) size = Size();
        if (!networks.Config.IsImageToVideo)
        {
            RequireBlocks("--image");
            LatentFrames given = StartFrames.Image(path, networks.Vae(cancellation), size, settings.Type, options.Ffmpeg, cancellation);
            GenerationSettings own = RunSettings.For(settings, given.Frames);
            return new VideoSetup(own, RunSettings.NewFrames(options.LatentFrames, own, true, false), size.Height, size.Width, given, null);
        }

        Picture picture = PictureFile.Read(path, options.Ffmpeg);
        (int height, int width) = ImageGuides.SizeFor(picture, size.Height, size.Width);
        int frames = RunSettings.NewFrames(options.LatentFrames, settings, false, false);
        ImageGuide guide = ImageGuides.Make(networks.Vae(cancellation), networks.Clip(), picture, (height, width), frames, settings.Type, cancellation);
        networks.ReleaseClip();
        return new VideoSetup(settings, frames, height, width, null, guide);
    }

    // Samplers of whole videos have no place for frames that are there already.
    private void RequireBlocks(string option)
    {
        if (!settings.IsCausal)
        {
            throw new ArgumentException(networks.Config.IsImageToVideo
                ? $"{option}: an image-to-video transformer makes its whole video from an image and continues none; give the image with --image FILE."
                : $"{option}: frames that are there are continued block by block, but this run makes the whole video at once; leave out --sampler, or give a configuration with causal: true.");
        }
    }

    private VideoSetup FromVideo(string path, CancellationToken cancellation)
    {
        RequireBlocks("--extend");
        LatentFrames given = StartFrames.Video(path, () => networks.Vae(cancellation), Size(), settings.Type, options.Ffmpeg, cancellation);
        GenerationSettings own = RunSettings.For(settings, given.Frames);

        // Latents know their size; they are refused only where another one was asked for.
        (int height, int width) = (options.Height ?? (given.Height * SpatialScale), options.Width ?? (given.Width * SpatialScale));
        return new VideoSetup(own, RunSettings.NewFrames(options.LatentFrames, own, false, true), height, width, given, null);
    }
}
