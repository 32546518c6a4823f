using System.Globalization;
using System.Security;
using System.Text;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Draws a plot as SVG.</summary>
internal static class SvgPlot
{
    private const double Width = 640;
    private const double Height = 400;
    private const double Left = 70;
    private const double Right = 20;
    private const double Top = 40;
    private const double Bottom = 80;
    private static readonly string[] _colours = ["#2f6fb3", "#d1495b", "#3d8f5a", "#c9852b", "#7a5aa6", "#5b6770"];

    /// <summary>The whole file.</summary>
    /// <param name="plot">What to show.</param>
    public static string Draw(Plot plot)
    {
        Axis vertical = Axis.Around(
            plot.Series.SelectMany(static series => series.Y.Select((y, i) => y - series.SpreadAt(i))).Append(plot.IsBars ? 0 : double.PositiveInfinity).Min(),
            plot.Series.SelectMany(static series => series.Y.Select((y, i) => y + series.SpreadAt(i))).Max(),
            plot.Least);
        StringBuilder svg = new();
        svg.AppendLine(Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">"));
        svg.AppendLine(Invariant($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>"));
        Text(svg, Width / 2, 22, plot.Title, "middle", "font-size=\"15\"");
        Text(svg, (Left + Width - Right) / 2, Height - 38, plot.XLabel);
        Text(svg, 0, 0, plot.YLabel, "middle", Invariant($"transform=\"translate(16 {(Top + Height - Bottom) / 2}) rotate(-90)\""));
        foreach (double tick in vertical.Ticks)
        {
            double y = Vertical(vertical, tick);
            svg.AppendLine(Invariant($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\" stroke=\"#dddddd\"/>"));
            Text(svg, Left - 6, y + 4, tick.ToString("G5", CultureInfo.InvariantCulture), "end");
        }

        if (plot.IsBars)
        {
            Bars(svg, plot, vertical);
        }
        else
        {
            Lines(svg, plot, vertical);
        }

        Legend(svg, plot);
        return svg.AppendLine("</svg>").ToString();
    }

    private static void Bars(StringBuilder svg, Plot plot, Axis vertical)
    {
        int groups = plot.Series.Max(static series => series.Y.Length);
        double group = (Width - Left - Right) / groups, bar = 0.8 * group / plot.Series.Count;
        for (int i = 0; i < groups; i++)
        {
            for (int s = 0; s < plot.Series.Count; s++)
            {
                if (i < plot.Series[s].Y.Length)
                {
                    double x = Left + ((i + 0.1) * group) + (s * bar), zero = Vertical(vertical, Math.Max(0, vertical.Least)), y = Vertical(vertical, plot.Series[s].Y[i]);
                    svg.AppendLine(Invariant($"<rect x=\"{x:F1}\" y=\"{Math.Min(y, zero):F1}\" width=\"{bar * 0.92:F1}\" height=\"{Math.Abs(zero - y):F1}\" fill=\"{Colour(s)}\"/>"));
                    Whisker(svg, x + (bar * 0.46), vertical, plot.Series[s], i, "#222222");
                }
            }

            Text(svg, Left + ((i + 0.5) * group), Height - Bottom + 18, i < plot.Categories.Count ? plot.Categories[i] : i.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void Lines(StringBuilder svg, Plot plot, Axis vertical)
    {
        double[] places = [.. plot.Series.SelectMany(static series => series.Y.Select((_, i) => series.At(i)))];
        Axis horizontal = Axis.Around(places.Min(), places.Max(), null);
        double X(double value) => Left + ((value - horizontal.Least) / (horizontal.Most - horizontal.Least) * (Width - Left - Right));
        foreach (double tick in plot.Categories.Count > 0 ? plot.Categories.Select(static (_, i) => (double)i) : horizontal.Ticks)
        {
            Text(svg, X(tick), Height - Bottom + 18, plot.Categories.Count > 0 ? plot.Categories[(int)tick] : tick.ToString("G5", CultureInfo.InvariantCulture));
        }

        for (int s = 0; s < plot.Series.Count; s++)
        {
            PlotSeries series = plot.Series[s];
            IEnumerable<string> points = series.Y.Select((y, i) => Invariant($"{X(series.At(i)):F1},{Vertical(vertical, y):F1}"));
            svg.AppendLine(Invariant($"<polyline points=\"{string.Join(' ', points)}\" fill=\"none\" stroke=\"{Colour(s)}\" stroke-width=\"2\"/>"));
            for (int i = 0; i < series.Y.Length; i++)
            {
                Whisker(svg, X(series.At(i)), vertical, series, i, Colour(s));
                if (series.Y.Length <= 40)
                {
                    svg.AppendLine(Invariant($"<circle cx=\"{X(series.At(i)):F1}\" cy=\"{Vertical(vertical, series.Y[i]):F1}\" r=\"3\" fill=\"{Colour(s)}\"/>"));
                }
            }
        }
    }

    private static void Whisker(StringBuilder svg, double x, Axis vertical, PlotSeries series, int index, string colour)
    {
        if (series.SpreadAt(index) > 0)
        {
            double high = Vertical(vertical, series.Y[index] + series.SpreadAt(index)), low = Vertical(vertical, series.Y[index] - series.SpreadAt(index));
            svg.AppendLine(Invariant($"<path d=\"M{x:F1} {high:F1}V{low:F1}M{x - 4:F1} {high:F1}h8M{x - 4:F1} {low:F1}h8\" stroke=\"{colour}\" fill=\"none\"/>"));
        }
    }

    private static void Legend(StringBuilder svg, Plot plot)
    {
        double slot = (Width - Left - Right) / plot.Series.Count;
        for (int s = 0; s < plot.Series.Count; s++)
        {
            svg.AppendLine(Invariant($"<rect x=\"{Left + (s * slot):F1}\" y=\"{Height - 22}\" width=\"12\" height=\"12\" fill=\"{Colour(s)}\"/>"));
            Text(svg, Left + (s * slot) + 18, Height - 12, plot.Series[s].Name, "start");
        }
    }

    private static string Colour(int series) => _colours[series % _colours.Length];

    private static double Vertical(Axis axis, double value) => Height - Bottom - ((Math.Clamp(value, axis.Least, axis.Most) - axis.Least) / (axis.Most - axis.Least) * (Height - Top - Bottom));

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor = "middle", string more = "") =>
        svg.AppendLine(Invariant($"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\" {more}>{SecurityElement.Escape(text)}</text>"));

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private sealed record Axis(double Least, double Most, double[] Ticks)
    {
        // Steps of 1, 2 or 5 times a power of ten, five of them or so.
        public static Axis Around(double least, double most, double? start)
        {
            least = start ?? least;
            double span = most > least ? most - least : Math.Max(1, Math.Abs(least)), power = Math.Pow(10, Math.Floor(Math.Log10(span / 5)));
            double step = power * (span / 5 / power is var ratio && ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10);
            double low = Math.Floor((least / step) + 1e-9) * step, high = Math.Ceiling((Math.Max(most, least + (span / 2)) / step) - 1e-9) * step;
            return new Axis(low, high, [.. Enumerable.Range(0, (int)Math.Round((high - low) / step) + 1).Select(i => Math.Round(low + (i * step), 10))]);
        }
    }
}
