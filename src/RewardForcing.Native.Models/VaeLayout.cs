using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Kinds of layers a Wan VAE is a chain of.</summary>
internal enum VaeLayerKind
{
    Convolution,
    Residual,
    Attention,
    Upsample,
    Downsample,
    Head,
}

/// <summary>One layer of the chain.</summary>
internal readonly record struct VaeLayer(VaeLayerKind Kind, string Name, int Inputs, int Outputs, bool Temporal = false);

/// <summary>The order, names and widths of the layers of a Wan VAE: what is declared and what is built come from this one list.</summary>
/// <remarks>Spec: models 6.2 and 6.3.</remarks>
internal static class VaeLayout
{
    public const int PixelChannels = 3;

    public static List<VaeLayer> Encoder(VaeConfig config)
    {
        int width = config.Dim;
        List<VaeLayer> layers = [new(VaeLayerKind.Convolution, "encoder.conv1", PixelChannels, width)];
        int index = 0;
        for (int level = 0; level < config.Multipliers.Count; level++)
        {
            for (int block = 0; block < config.ResidualBlocks; block++)
            {
                int output = config.Dim * config.Multipliers[level];
                layers.Add(new(VaeLayerKind.Residual, $"encoder.downsamples.{index++}", width, output));
                width = output;
            }

            if (level < config.Multipliers.Count - 1)
            {
                layers.Add(new(VaeLayerKind.Downsample, $"encoder.downsamples.{index++}", width, width, config.TemporalDownsample[level]));
            }
        }

        AddMiddle(layers, "encoder", width);
        layers.Add(new(VaeLayerKind.Head, "encoder.head", width, 2 * config.LatentChannels));
        return layers;
    }

    public static List<VaeLayer> Decoder(VaeConfig config)
    {
        int levels = config.Multipliers.Count;
        int width = config.Dim * config.Multipliers[levels - 1];
        List<VaeLayer> layers = [new(VaeLayerKind.Convolution, "decoder.conv1", config.LatentChannels, width)];
        AddMiddle(layers, "decoder", width);
        int index = 0;
        for (int level = levels - 1; level >= 0; level--)
        {
            int output = config.Dim * config.Multipliers[level];
            for (int block = 0; block <= config.ResidualBlocks; block++)
            {
                layers.Add(new(VaeLayerKind.Residual, $"decoder.upsamples.{index++}", width, output));
                width = output;
            }

            if (level > 0)
            {
                layers.Add(new(VaeLayerKind.Upsample, $"decoder.upsamples.{index++}", width, width / 2, config.TemporalDownsample[level - 1]));
                width /= 2;
            }
        }

        layers.Add(new(VaeLayerKind.Head, "decoder.head", width, PixelChannels));
        return layers;
    }

    public static List<ParameterSpec> Declare(VaeConfig config)
    {
        config.Validate();
        List<ParameterSpec> specs = [];
        foreach (VaeLayer layer in Encoder(config).Concat(Decoder(config)))
        {
            Declare(specs, layer);
        }

        int z = config.LatentChannels;
        Declare(specs, "conv1", new Shape(2 * z, 2 * z, 1, 1, 1));
        Declare(specs, "conv2", new Shape(z, z, 1, 1, 1));
        return specs;
    }

    private static void AddMiddle(List<VaeLayer> layers, string part, int width)
    {
        layers.Add(new(VaeLayerKind.Residual, $"{part}.middle.0", width, width));
        layers.Add(new(VaeLayerKind.Attention, $"{part}.middle.1", width, width));
        layers.Add(new(VaeLayerKind.Residual, $"{part}.middle.2", width, width));
    }

    private static void Declare(List<ParameterSpec> specs, VaeLayer layer)
    {
        (int inputs, int outputs) = (layer.Inputs, layer.Outputs);
        switch (layer.Kind)
        {
            case VaeLayerKind.Convolution:
                Declare(specs, layer.Name, new Shape(outputs, inputs, 3, 3, 3));
                break;
            case VaeLayerKind.Residual:
                specs.Add(new($"{layer.Name}.residual.0.gamma", new Shape(inputs, 1, 1, 1)));
                Declare(specs, $"{layer.Name}.residual.2", new Shape(outputs, inputs, 3, 3, 3));
                specs.Add(new($"{layer.Name}.residual.3.gamma", new Shape(outputs, 1, 1, 1)));
                Declare(specs, $"{layer.Name}.residual.6", new Shape(outputs, outputs, 3, 3, 3));
                if (inputs != outputs)
                {
                    Declare(specs, $"{layer.Name}.shortcut", new Shape(outputs, inputs, 1, 1, 1));
                }

                break;
            case VaeLayerKind.Attention:
                specs.Add(new($"{layer.Name}.norm.gamma", new Shape(inputs, 1, 1)));
                Declare(specs, $"{layer.Name}.to_qkv", new Shape(3 * inputs, inputs, 1, 1));
                Declare(specs, $"{layer.Name}.proj", new Shape(inputs, inputs, 1, 1));
                break;
            case VaeLayerKind.Upsample:
            case VaeLayerKind.Downsample:
                Declare(specs, $"{layer.Name}.resample.1", new Shape(outputs, inputs, 3, 3));
                if (layer.Temporal)
                {
                    int grown = layer.Kind == VaeLayerKind.Upsample ? 2 * inputs : inputs;
                    Declare(specs, $"{layer.Name}.time_conv", new Shape(grown, inputs, 3, 1, 1));
                }

                break;
            default:
                specs.Add(new($"{layer.Name}.0.gamma", new Shape(inputs, 1, 1, 1)));
                Declare(specs, $"{layer.Name}.2", new Shape(outputs, inputs, 3, 3, 3));
                break;
        }
    }

    private static void Declare(List<ParameterSpec> specs, string name, Shape weight)
    {
        specs.Add(new($"{name}.weight", weight));
        specs.Add(new($"{name}.bias", new Shape(weight[0])));
    }
}
