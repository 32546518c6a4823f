using System.Globalization;
using System.Runtime.InteropServices;
using RewardForcing.Native.Ops;
using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The sink's moving average in bfloat16, single updates and chains of them, bit for bit.</summary>
public sealed class SinkUpdateRunner : GoldenRunner
{
    private const string Prefix = "in.alpha";
    private const string Suffix = ".sink";

    /// <inheritdoc/>
    public override bool Handles(GoldenFile file) => file.HasConfig("alphas") && Alphas(file).Any();

    /// <inheritdoc/>
    public override IEnumerable<Comparison> Run(GoldenFile file, Device device)
    {
        using CaseTensors tensors = new(file, device);
        Pass pass = tensors.Pass;
        foreach (string text in Alphas(file))
        {
            double alpha = double.Parse(text, CultureInfo.InvariantCulture);
            Tensor sink = tensors[$"{Prefix}{text}{Suffix}"];
            SinkUpdate.Update(sink, tensors[$"{Prefix}{text}.evicted"], alpha);
            yield return Equal(file, $"out.alpha{text}{Suffix}", sink.ToArray<BFloat16>());
            if (file.Has($"{Prefix}{text}.chain_evicted"))
            {
                yield return Equal(file, $"out.alpha{text}.chain_sink", Chain(pass, tensors, $"{Prefix}{text}", alpha));
            }
        }
    }

    private static IEnumerable<string> Alphas(GoldenFile file) => file.Names
        .Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal))
        .Select(static name => name[Prefix.Length..^Suffix.Length]);

    private static BFloat16[] Chain(Pass pass, CaseTensors tensors, string prefix, double alpha)
    {
        Tensor sink = tensors[$"{prefix}.chain_sink0"];
        Tensor evicted = tensors[$"{prefix}.chain_evicted"];
        List<BFloat16> states = [];
        for (int step = 0; step < evicted.Shape[0]; step++)
        {
            SinkUpdate.Update(sink, pass.Entry(evicted, step), alpha);
            states.AddRange(sink.ToArray<BFloat16>());
        }

        return [.. states];
    }

    private static Comparison Equal(GoldenFile file, string name, BFloat16[] actual)
    {
        ReadOnlySpan<BFloat16> expected = MemoryMarshal.Cast<byte, BFloat16>(file.Bytes(name));
        return new Comparison(name, expected.SequenceEqual(actual) ? 0 : double.PositiveInfinity, 0);
    }
}
