using System.Runtime.InteropServices;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Training;

/// <summary>Writes a trained VAE in the original layout.</summary>
public static class VaeFile
{
    /// <summary>Writes weights with the statistics of their latents folded in, so that every reader of Wan's VAE normalises them rightly.</summary>
    /// <param name="path">Ends in <c>.pth</c> or <c>.pt</c> for the layout of PyTorch; everything else is safetensors.</param>
    /// <param name="weights">The network's parameters, or their averages.</param>
    /// <param name="config">Sizes, and the mean and deviation readers assume.</param>
    /// <param name="statistics">Measured with exactly these weights.</param>
    /// <param name="dtype">F32 or BF16.</param>
    /// <exception cref="ArgumentException">The type is another.</exception>
    public static void Write(string path, IEnumerable<Parameter> weights, VaeConfig config, LatentStatistics statistics, DType dtype = DType.F32)
    {
        if (dtype is not (DType.F32 or DType.BF16))
        {
            throw new ArgumentException($"vae file: weights are written as F32 or BF16, got {dtype}.", nameof(dtype));
        }

        Dictionary<string, Parameter> byName = weights.ToDictionary(static parameter => parameter.Name, StringComparer.Ordinal);
        IReadOnlyDictionary<string, float[]> folded = statistics.Fold(config, name => byName[name].Value.ToFloats());
        List<WritableTensor> tensors = [.. byName.Values.Select(parameter => Tensor(parameter, folded.GetValueOrDefault(parameter.Name), dtype))];
        if (Path.GetExtension(path) is ".pth" or ".pt")
        {
            PyTorchArchiveWriter.Write(path, tensors);
        }
        else
        {
            SafetensorsWriter.Write(path, tensors);
        }
    }

    private static WritableTensor Tensor(Parameter parameter, float[]? folded, DType dtype)
    {
        long[] shape = Array.ConvertAll(parameter.Shape.ToArray(), static extent => (long)extent);
        return new WritableTensor(parameter.Name, dtype == DType.BF16 ? ElementType.BF16 : ElementType.F32, shape, stream =>
        {
            float[] values = folded ?? parameter.Value.ToFloats();
            stream.Write(dtype == DType.BF16 ? MemoryMarshal.AsBytes(Array.ConvertAll(values, static value => (BFloat16)value).AsSpan()) : MemoryMarshal.AsBytes(values.AsSpan()));
        });
    }
}
