using System.Text.Json;

namespace RewardForcing.Native.Testing.Golden;

/// <summary>The gradients in a reference file: whole ones, and rows and weighted sums of large ones.</summary>
internal static class GoldenGradients
{
    private const string Whole = "grad.";
    private const string Rows = "gradrows8.";
    private const string RowSums = "gradroww7.";
    private const string ColumnSums = "gradcolw7.";
    private const int RowStep = 8;
    private const int Weights = 7;

    // Relative errors of weighted sums are larger than those of their terms.
    private const double SumFactor = 4;
    private const double Fallback = 4e-6;

    /// <summary>Names of all of them.</summary>
    public static IEnumerable<string> In(GoldenFile file) => file.Names.Where(IsGradient);

    /// <summary>Whether a reference value is a gradient of a tensor.</summary>
    public static bool IsGradient(string name) => KindOf(name) is not null;

    /// <summary>Compares every gradient of a file.</summary>
    /// <param name="file">The case.</param>
    /// <param name="mode">What stands before the tensor's name, such as <c>teacher.</c>; gradients of other modes are passed over.</param>
    /// <param name="gradient">The gradient that was computed for a tensor; null if there is none.</param>
    /// <param name="tolerance">Null takes the suggested one.</param>
    public static IEnumerable<Comparison> Compare(GoldenFile file, string mode, Func<string, float[]?> gradient, double? tolerance = null)
    {
        foreach (string name in In(file))
        {
            string kind = KindOf(name)!;
            if (name.AsSpan(kind.Length).StartsWith(mode, StringComparison.Ordinal))
            {
                float[] got = gradient(name[(kind.Length + mode.Length)..]) ?? [];
                double allowed = tolerance ?? file.Tolerance("grad", Fallback);
                yield return file.Compare(name, Part(kind, got, file, name), kind is RowSums or ColumnSums ? SumFactor * allowed : allowed);
            }
        }
    }

    /// <summary>What the metadata allows the worst gradient of all; null if it says nothing.</summary>
    public static double? WorstTolerance(GoldenFile file)
    {
        if (!file.Metadata.TryGetValue("suggested_tolerance", out string? text) || !text.TrimStart().StartsWith('{'))
        {
            return null;
        }

        using JsonDocument json = JsonDocument.Parse(text);
        return json.RootElement.EnumerateObject().Where(static entry => entry.Name.StartsWith("worst single grad", StringComparison.Ordinal))
            .Select(static entry => (double?)entry.Value.GetDouble()).FirstOrDefault();
    }

    /// <summary>Compares the lengths of all gradients with those a file lists in <c>gradnorm.MODE</c>, in the order its metadata says; nothing if it has none.</summary>
    public static IEnumerable<Comparison> CompareNorms(GoldenFile file, string mode, IReadOnlyDictionary<string, float[]> gradients, double tolerance)
    {
        string name = $"gradnorm.{mode}";
        if (file.Has(name) && file.Metadata.TryGetValue($"gradnorm_names.{mode}", out string? names))
        {
            float[] norms = [.. JsonSerializer.Deserialize<string[]>(names)!.Select(key => (float)Math.Sqrt(gradients[key].Sum(static value => (double)value * value)))];
            yield return file.Compare(name, norms, tolerance);
        }
    }

    private static string? KindOf(string name) =>
        new[] { Whole, Rows, RowSums, ColumnSums }.FirstOrDefault(kind => name.StartsWith(kind, StringComparison.Ordinal));

    // The gradient is seen as rows, [first extent, rest]. How long rows are follows from the reference.
    private static float[] Part(string kind, float[] gradient, GoldenFile file, string name)
    {
        if (kind == Whole || gradient.Length == 0)
        {
            return gradient;
        }

        int[] shape = file.ShapeOf(name);
        int width = kind == Rows ? shape.Skip(1).Aggregate(1, static (a, b) => a * b) : kind == ColumnSums ? shape.Aggregate(1, static (a, b) => a * b) : gradient.Length / shape[0];
        int rows = gradient.Length / Math.Max(width, 1);
        return kind switch
        {
            Rows => [.. Enumerable.Range(0, (rows + RowStep - 1) / RowStep).SelectMany(row => gradient.AsSpan(row * RowStep * width, width).ToArray())],
            RowSums => [.. Enumerable.Range(0, rows).Select(row => (float)Enumerable.Range(0, width).Sum(column => gradient[(row * width) + column] * (double)((column % Weights) + 1)))],
            _ => [.. Enumerable.Range(0, width).Select(column => (float)Enumerable.Range(0, rows).Sum(row => gradient[(row * width) + column] * (double)((row % Weights) + 1)))],
        };
    }
}
