using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>What networks that stream a video take of a device besides their weights: upper bounds, from sizes alone.</summary>
/// <remarks>Follows <see cref="WanVae"/> and <see cref="Taehv"/> layer by layer; tests hold it against the pool's peak.</remarks>
/// <param name="History">Bytes kept from one piece of a video to the next.</param>
/// <param name="Working">The most bytes held at once while a block is worked on, besides the history.</param>
public readonly record struct DecoderMemory(long History, long Working)
{
    private const int Lookback = 2;
    private const int PixelChannels = 3;

    // The latents of a block as they come, in the decoder's order and type, and scaled.
    private const int LatentTensors = 5;

    /// <summary>Decoding with a VAE.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="type">Type of the activations.</param>
    /// <param name="latents">Latents of a block, <c>[B, F, H, W, z]</c>.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="historyOnHost">Whether what is kept lies in host memory.</param>
    /// <param name="workspace">What a matrix product may take besides, in bytes.</param>
    public static DecoderMemory Vae(VaeConfig config, DType type, Shape latents, WeightMemory weights, bool historyOnHost, long workspace)
    {
        Chain chain = new(new TensorSizes(type), latents, weights.Largest, workspace);
        VaeLayout.Decoder(config).ForEach(chain.Add);
        return Finish(chain, latents, historyOnHost ? 0 : chain.History, type, config.SpatialScale, config.TemporalScale, 1);
    }

    /// <summary>Encoding with a VAE, one frame or group of frames after the other.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="type">Type of the activations.</param>
    /// <param name="frames">Frames of a group, <c>[B, T, H, W, 3]</c>.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="historyOnHost">Whether what is kept lies in host memory.</param>
    /// <param name="workspace">What a matrix product may take besides, in bytes.</param>
    public static DecoderMemory VaeEncoder(VaeConfig config, DType type, Shape frames, WeightMemory weights, bool historyOnHost, long workspace)
    {
        Chain chain = new(new TensorSizes(type), frames, weights.Largest, workspace) { Frames = frames[1] };
        VaeLayout.Encoder(config).ForEach(chain.Add);
        return new DecoderMemory(historyOnHost ? 0 : chain.History, (2 * TensorSizes.F32.Of(frames.Count)) + chain.Peak);
    }

    /// <summary>Decoding with a TAEHV network.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="type">Type of the activations.</param>
    /// <param name="latents">Latents of a block, <c>[B, F, H, W, z]</c>.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="workspace">What a matrix product may take besides, in bytes.</param>
    public static DecoderMemory Preview(TaehvConfig config, DType type, Shape latents, WeightMemory weights, long workspace)
    {
        Chain chain = new(new TensorSizes(type), latents, weights.Largest, workspace);
        int[] growth = [1, 2, 2];
        for (int level = 0; level < growth.Length; level++)
        {
            chain.AddMemoryLevel(config.Widths[level], config.Widths[level + 1], growth[level]);
        }

        chain.AddLast(config.Widths[^1]);

        // Cut where a video begins, and brought to another range in two steps.
        return Finish(chain, latents, chain.History, type, Taehv.SpatialScale, Taehv.FramesPerLatent, 4);
    }

    // Pieces are joined, then become bytes.
    private static DecoderMemory Finish(Chain chain, Shape latents, long history, DType type, int scale, int framesPerLatent, int copies)
    {
        (int batch, int count, int height, int width) = (latents[0], latents[1], scale * latents[2], scale * latents[3]);
        TensorSizes sizes = new(type);
        long piece = sizes.Of(batch, framesPerLatent, height, width, PixelChannels);
        long all = sizes.Of(batch, count * framesPerLatent, height, width, PixelChannels);
        long bytes = new TensorSizes(DType.U8).Of(batch, count * framesPerLatent, height, width, PixelChannels);
        long working = Math.Max(((count - 1) * piece) + chain.Peak, Math.Max((count * piece) + all, Math.Max(copies * all, all + bytes)));
        return new DecoderMemory(history, (LatentTensors * TensorSizes.F32.Of(latents.Count)) + working);
    }

    /// <summary>Goes from layer to layer of one piece and notes the most that is held.</summary>
    private sealed class Chain(TensorSizes sizes, Shape input, long largestWeight, long workspace)
    {
        private long _height = input[2];
        private long _width = input[3];

        public long Frames { get; set; } = 1;

        public long Peak { get; private set; }

        public long History { get; private set; }

        public void Add(VaeLayer layer)
        {
            (long x, long y) = (Of(layer.Inputs), Of(layer.Outputs));
            switch (layer.Kind)
            {
                case VaeLayerKind.Convolution:
                    Note((4 * x) + y + Convolution(layer.Inputs));
                    break;
                case VaeLayerKind.Residual:
                    Note((2 * x) + y + Convolution(layer.Inputs));
                    Note(x + (2 * y) + Convolution(layer.Outputs));
                    Note(x + ((layer.Inputs == layer.Outputs ? 2 : 3) * y) + workspace);
                    break;
                case VaeLayerKind.Attention:
                    Note((8 * x) + workspace);
                    break;
                case VaeLayerKind.Upsample:
                    Upsample(layer, x);
                    break;
                case VaeLayerKind.Downsample:
                    Downsample(layer, x);
                    break;
                default:
                    Note((2 * x) + y + Convolution(layer.Inputs));
                    break;
            }
        }

        // Three blocks that see the frame before, then twice the pixels and one or two frames of each.
        public void AddMemoryLevel(int width, int next, int growth)
        {
            long x = Of(width), kept = sizes.Of(input[0], 1, _height, _width, width);
            History += 3 * kept;
            Note((5 * x) + kept + largestWeight);
            (_height, _width) = (2 * _height, 2 * _width);
            long larger = Of(width), grown = Of(growth * width);
            Note(x + larger + (growth > 1 ? 2 : 1) * grown + workspace);
            Frames *= growth;
            Note(x + grown + Of(next) + largestWeight);
        }

        public void AddLast(int width) => Note((2 * Of(width)) + Of(PixelChannels) + largestWeight);

        private long Of(long channels) => sizes.Of(input[0], Frames, _height, _width, channels);

        private void Note(long bytes) => Peak = Math.Max(Peak, bytes);

        // The weight in another order, and the frames kept: new ones beside the old, or a copy of those in host memory.
        private long Convolution(int channels)
        {
            long kept = sizes.Of(input[0], Lookback, _height, _width, channels);
            History += kept;
            return kept + largestWeight;
        }

        private void Upsample(VaeLayer layer, long x)
        {
            long frames = 0;
            if (layer.Temporal)
            {
                frames = Of(2 * layer.Inputs);
                Note(x + (2 * frames) + Convolution(layer.Inputs));
                Frames *= 2;
            }

            (_height, _width) = (2 * _height, 2 * _width);
            Note(x + frames + Of(layer.Outputs) + largestWeight);
        }

        private void Downsample(VaeLayer layer, long x)
        {
            (_height, _width) = ((_height + 1) / 2, (_width + 1) / 2);
            long smaller = Of(layer.Outputs);
            Note(x + smaller + largestWeight);
            if (layer.Temporal)
            {
                Frames = (Frames + 1) / 2;
                Note(x + smaller + Of(layer.Outputs) + Convolution(layer.Outputs));
            }
        }
    }
}
