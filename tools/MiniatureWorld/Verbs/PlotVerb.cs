using System.Text;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.MiniatureWorld;

/// <summary>Draws a plot of numbers in a file.</summary>
internal static class PlotVerb
{
    public static void Run(ToolArguments arguments)
    {
        (string data, string output) = (arguments.Need("--data"), arguments.Need("--output"));
        arguments.RequireNothingElse();
        string svg = SvgPlot.Draw(Plot.Read(data));
        WholeFile.Write(output, stream => stream.Write(Encoding.UTF8.GetBytes(svg)));
    }
}
