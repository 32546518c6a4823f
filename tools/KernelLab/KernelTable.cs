using System.Globalization;
using System.Text.RegularExpressions;
using RewardForcing.Native.Cuda.Compilation;
using RewardForcing.Native.Ops;

namespace RewardForcing.Native.KernelLab;

/// <summary>Compiles variants and says what they take.</summary>
internal sealed partial class KernelTable(KernelCache cache)
{
    // The assembler's word for asynchronous products that it made synchronous.
    private const string Serialized = "instructions are serialized";

    // Kernels without launch bounds are launched with this many threads.
    private const int UsualThreads = 256;

    /// <summary>Compiles one variant for one architecture.</summary>
    /// <param name="variant">File and macros.</param>
    /// <param name="target">Architecture.</param>
    /// <returns>One row for each entry of the file.</returns>
    public IEnumerable<KernelRow> Compile(KernelVariant variant, Multiprocessor target)
    {
        CompiledKernels compiled = cache.Get(variant.Source, target.Architecture, variant.Defines);
        Dictionary<string, int> threads = Threads(compiled.Image.Ptx);
        foreach (KernelResources kernel in KernelResources.Parse(compiled.Log))
        {
            int block = threads.GetValueOrDefault(kernel.Entry, UsualThreads);
            int shared = kernel.StaticSharedBytes + DynamicSharedBytes(variant);
            int blocks = target.FittingBlocks(block, kernel.Registers, shared);
            yield return new KernelRow(
                variant.Source.Stem, kernel.Entry, variant.Name, target.Architecture, kernel.Registers, kernel.StackBytes,
                kernel.SpillStoreBytes + kernel.SpillLoadBytes, shared, block, blocks, target.Occupancy(block, blocks), compiled.Log.Contains(Serialized, StringComparison.Ordinal));
        }
    }

    private static Dictionary<string, int> Threads(string ptx) => EntryBounds().Matches(ptx).ToDictionary(
        static match => match.Groups[1].Value, static match => int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), StringComparer.Ordinal);

    // As the launches compute it.
    private static int DynamicSharedBytes(KernelVariant variant)
    {
        int Number(string macro) => variant.Defines.TryGetValue(macro, out string? value) ? int.Parse(value, CultureInfo.InvariantCulture) : 0;
        bool tensor = Number("RF_TENSOR") == 1;
        return variant.Source.Stem switch
        {
            "attention" => new AttentionLaunch(tensor, Number("RF_HEAD_DIM"), Number("RF_VALUE_DIM"), Number("RF_ROWS"), Number("RF_KEYS")).SharedBytes,
            "attention_sm90" => HopperAttention.SharedBytes,
            "linear_sm90" or "fused_mlp_sm90" => HopperProduct.SharedBytes(Number("RF_TILE_N")),
            "causal_conv3d_sm90" => new HopperConvolution(Number("RF_TILE_N"), Number("RF_SLICE")).SharedBytes,
            _ => tensor ? new ProductLaunch(tensor, Number("RF_TILE_M"), Number("RF_TILE_N")).SharedBytes : 0,
        };
    }

    [GeneratedRegex(@"\.entry\s+(\w+)\s*\([^)]*\)\s*\.maxntid\s+(\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex EntryBounds();
}
