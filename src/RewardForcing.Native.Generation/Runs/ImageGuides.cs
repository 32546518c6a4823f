using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Generation;

/// <summary>Prepares images for image-to-video transformers.</summary>
/// <remarks>Spec: models 1.6.</remarks>
public static class ImageGuides
{
    private const int PatchPixels = 16;

    /// <summary>Size of a video that keeps the shape of its image.</summary>
    /// <param name="picture">The image.</param>
    /// <param name="height">Rows asked for; of these and the columns only the area counts.</param>
    /// <param name="width">Columns asked for.</param>
    /// <returns>Rows and columns of pixels, multiples of 16.</returns>
    public static (int Height, int Width) SizeFor(Picture picture, int height, int width)
    {
        double shape = (double)picture.Height / picture.Width;
        double area = (double)height * width;
        return (Side(Math.Sqrt(area * shape)), Side(Math.Sqrt(area / shape)));
    }

    /// <summary>Computes what the transformer sees of an image.</summary>
    /// <param name="vae">Encodes the video whose first frame is the image and whose other frames are grey.</param>
    /// <param name="clip">The vision tower.</param>
    /// <param name="picture">The image.</param>
    /// <param name="size">Rows and columns of pixels, multiples of 16.</param>
    /// <param name="latentFrames">Latent frames of the video.</param>
    /// <param name="type">Type of the activations: F32 or BF16.</param>
    /// <param name="cancellation">Stops between two layers.</param>
    public static ImageGuide Make(
        WanVae vae, ClipVision clip, Picture picture, (int Height, int Width) size, int latentFrames, DType type, CancellationToken cancellation)
    {
        int frames = 1 + (vae.Config.TemporalScale * (latentFrames - 1));
        var video = new float[checked(frames * size.Height * size.Width * 3)];
        ImageResize.Bicubic(picture.Rgb24, picture.Height, picture.Width, size.Height, size.Width).CopyTo(video, 0);
        LatentFrames latents = LatentEncoding.Encode(vae, video, frames, size.Height, size.Width, type, cancellation);
        return new ImageGuide(Features(clip, picture, type, cancellation), latents);
    }

    private static float[] Features(ClipVision clip, Picture picture, DType type, CancellationToken cancellation)
    {
        int side = clip.Config.ImageSize;
        float[] pixels = ImageResize.Bicubic(picture.Rgb24, picture.Height, picture.Width, side, side);
        using Pass pass = Pass.Inference(clip.Device, cancellation);
        Tensor image = Permute.Forward(pass, pass.From<float>(new Shape(1, side, side, 3), pixels), 0, 3, 1, 2);
        return clip.Encode(pass, Cast.Forward(pass, image, type)).ToFloats();
    }

    private static int Side(double pixels) => Math.Max(PatchPixels, (int)(pixels / PatchPixels) * PatchPixels);
}
