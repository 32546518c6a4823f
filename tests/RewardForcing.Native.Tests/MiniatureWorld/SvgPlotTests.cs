using System.Xml.Linq;
using RewardForcing.Native.Formats;
using RewardForcing.Native.MiniatureWorld;
using Xunit;

namespace RewardForcing.Native.Tests.MiniatureWorld;

public sealed class SvgPlotTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Draw_Lines_HigherValuesStandHigher()
    {
        XElement svg = Draw("""{"title": "a < b", "series": [{"name": "one", "x": [1, 2, 4], "y": [0.5, 3, 2], "spread": [0, 0.1, 0.2]}]}""");
        double[][] points = [.. Elements(svg, "polyline").Single().Attribute("points")!.Value.Split(' ').Select(static pair => Array.ConvertAll(pair.Split(','), double.Parse))];
        Assert.True(points[0][1] > points[2][1] && points[2][1] > points[1][1]);
        Assert.Equal(2 * (points[1][0] - points[0][0]), points[2][0] - points[1][0], 0.2);
        Assert.Equal(2, Elements(svg, "path").Count());
        Assert.Contains(Elements(svg, "text"), static text => text.Value == "a < b");
    }

    [Fact]
    public void Draw_Bars_AreAsHighAsTheirValues()
    {
        XElement svg = Draw("""{"kind": "bar", "categories": ["x", "y"], "series": [{"name": "one", "y": [1, 2]}, {"name": "two", "y": [4, 0]}]}""");
        double[] heights = [.. Elements(svg, "rect").Skip(1).Take(4).Select(static bar => double.Parse(bar.Attribute("height")!.Value))];
        Assert.Equal([1, 4, 2, 0], heights.Select(height => Math.Round(4 * height / heights.Max(), 2)));
    }

    [Theory]
    [InlineData("""{"series": []}""", "one series or more")]
    [InlineData("""{"series": [{"name": "a", "y": [1, 2], "x": [1]}]}""", "2 values, 1 places")]
    [InlineData("""{"kind": "pie", "series": [{"name": "a", "y": [1]}]}""", "line or bar")]
    public void Read_WrongFile_IsRefused(string json, string sentence)
    {
        File.WriteAllText(_file, json);
        Assert.Contains(sentence, Assert.Throws<ModelFormatException>(() => Plot.Read(_file)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<XElement> Elements(XElement svg, string name) => svg.Elements().Where(element => element.Name.LocalName == name);

    private XElement Draw(string json)
    {
        File.WriteAllText(_file, json);
        return XElement.Parse(SvgPlot.Draw(Plot.Read(_file)));
    }
}
