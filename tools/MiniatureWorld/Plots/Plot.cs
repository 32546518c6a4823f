using RewardForcing.Native.Formats;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>What a plot shows.</summary>
/// <param name="Title">Above it.</param>
/// <param name="XLabel">Below it.</param>
/// <param name="YLabel">Beside it.</param>
/// <param name="IsBars">Bars in groups, one group a category; else lines.</param>
/// <param name="Categories">Names of the groups of bars, or of the places 0, 1, 2 of lines; empty for numbers.</param>
/// <param name="Least">Where the vertical axis starts; null for what fits.</param>
/// <param name="Series">Lines, or colours of bars.</param>
internal sealed record Plot(string Title, string XLabel, string YLabel, bool IsBars, IReadOnlyList<string> Categories, double? Least, IReadOnlyList<PlotSeries> Series)
{
    /// <summary>Reads a plot.</summary>
    /// <param name="path">
    /// JSON: <c>title</c>, <c>x_label</c>, <c>y_label</c>, <c>kind</c> (<c>line</c> or <c>bar</c>), <c>categories</c>, <c>y_least</c>, and <c>series</c>: a list of
    /// objects with <c>name</c>, <c>y</c> and, if wanted, <c>x</c> and <c>spread</c>.
    /// </param>
    /// <exception cref="ModelFormatException">It is no such file.</exception>
    public static Plot Read(string path)
    {
        JsonPart json = JsonPart.ReadFile(path);
        string kind = json.TextOrNull("kind") ?? "line";
        Plot plot = new(
            json.TextOrNull("title") ?? string.Empty,
            json.TextOrNull("x_label") ?? string.Empty,
            json.TextOrNull("y_label") ?? string.Empty,
            kind == "bar" || (kind == "line" ? false : throw json["kind"].Wrong("line or bar")),
            json.TryGet("categories", out JsonPart names) ? [.. names.Items().Select(static item => item.Text())] : [],
            json.TryGet("y_least", out JsonPart least) ? least.Number() : null,
            [.. json["series"].Items().Select(Line)]);
        return plot.Series.Count > 0 ? plot : throw json["series"].Wrong("a list of one series or more");
    }

    private static PlotSeries Line(JsonPart json)
    {
        double[] y = Numbers(json["y"]);
        double[]? x = json.TryGet("x", out JsonPart places) ? Numbers(places) : null, spread = json.TryGet("spread", out JsonPart errors) ? Numbers(errors) : null;
        return y.Length > 0 && (x is null || x.Length == y.Length) && (spread is null || spread.Length == y.Length)
            ? new PlotSeries(json["name"].Text(), x, y, spread)
            : throw json.Error($"has {y.Length} values, {x?.Length ?? y.Length} places and {spread?.Length ?? y.Length} spreads, expected as many of each and one at least");
    }

    private static double[] Numbers(JsonPart json) => [.. json.Items().Select(static item => item.Number())];
}
