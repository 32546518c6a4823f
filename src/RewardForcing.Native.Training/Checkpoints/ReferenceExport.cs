using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Training;

/// <summary>Writes what the reference writes: <c>model.pt</c> with <c>generator</c>, <c>critic</c> and <c>generator_ema</c>, keys beginning with <c>model.</c>, F32.</summary>
/// <remarks>Spec: training 1.2.</remarks>
internal static class ReferenceExport
{
    /// <summary>Name in a checkpoint's folder.</summary>
    public const string FileName = "model.pt";

    private const string Wrapper = "model.";

    /// <summary>Writes the file; it is whole or not there.</summary>
    /// <param name="path">Target.</param>
    /// <param name="parts">Networks in training.</param>
    public static void Write(string path, IReadOnlyList<TrainedPart> parts)
    {
        List<(string, IReadOnlyList<WritableTensor>)> groups = [];
        foreach (TrainedPart part in parts)
        {
            groups.Add((part.Name, [.. part.Weights.Select(static parameter => TensorFile.Widened(Wrapper + parameter.Name, parameter.Value))]));
            if (part.Average is { } average)
            {
                groups.Add((part.Name + "_ema", [.. average.Averages.Select(static parameter => TensorFile.Widened(Wrapper + parameter.Name, parameter.Value))]));
            }
        }

        PyTorchArchiveWriter.Write(path, groups);
    }
}
