using System.Text;
using RewardForcing.Native.Formats;
using RewardForcing.Native.Models;

namespace RewardForcing.Native.Cli;

/// <summary>Writes the tensors of a file as a table: one by one, or those of all layers that are alike in one line.</summary>
internal static class TensorTable
{
    private const int MaxNameWidth = 120;
    private const int MaxFolded = 80;

    private sealed record Row(string Name, string Type, string Shape, string Count, string Bytes);

    /// <summary>Adds the table to a text.</summary>
    /// <param name="text">Where it goes.</param>
    /// <param name="archive">The file.</param>
    /// <param name="limit">Tensors listed one by one; null folds them by their layers.</param>
    /// <param name="filter">Only tensors whose name contains this; null for any.</param>
    /// <param name="style">How it is set off.</param>
    public static void Write(StringBuilder text, InspectedArchive archive, int? limit, string? filter, TextStyle style)
    {
        TensorEntry[] matching = [.. archive.Tensors.Where(tensor => filter is null || tensor.Name.Contains(filter, StringComparison.Ordinal))];
        IReadOnlyList<(string Name, IReadOnlyList<TensorEntry> Items)> lines = limit is not null
            ? [.. matching.Take(limit.Value).Select(static tensor => (tensor.Name, (IReadOnlyList<TensorEntry>)[tensor]))]
            : FoldedNames.Fold(matching, static tensor => tensor.Name, static tensor => $"{tensor.Type} {Printable.Extents(tensor.Shape)}");
        bool isFolded = limit is null && lines.Count < matching.Length;
        Lines(text, [.. lines.Take(limit ?? MaxFolded).Select(static line => RowOf(line.Name, line.Items))], isFolded, style);
        if (filter is not null && matching.Length == 0)
        {
            text.AppendLine("  no tensor has that in its name");
        }
        else if (limit is int most ? matching.Length > most : isFolded || lines.Count > MaxFolded)
        {
            int left = limit is int shown ? matching.Length - shown : lines.Count - MaxFolded;
            string more = left <= 0 || limit == 0 ? string.Empty : $"and {InspectionText.Number(left)} more{(limit is null ? " lines" : string.Empty)}; ";
            string which = filter is null ? $"its {InspectionText.Number(matching.Length)} tensors" : $"all {InspectionText.Number(matching.Length)} of them";
            text.Append("  ").AppendLine(style.Faint($"{more}--all lists {which}{(limit is null ? " one by one" : string.Empty)}"));
        }
    }

    private static Row RowOf(string name, IReadOnlyList<TensorEntry> tensors) => new(
        Printable.Text(name), tensors[0].Type.ToString(), Printable.Extents(tensors[0].Shape), InspectionText.Number(tensors.Count), InspectionText.Number(InspectedArchive.Bytes(tensors)));

    private static void Lines(StringBuilder text, Row[] rows, bool isFolded, TextStyle style)
    {
        if (rows.Length == 0)
        {
            return;
        }

        Row[] all = [new Row("name", "dtype", "shape", "tensors", "bytes"), .. rows];
        int Width(Func<Row, string> part) => all.Max(row => part(row).Length);
        (int name, int type, int shape, int count, int bytes) = (
            Math.Min(MaxNameWidth, Width(static row => row.Name)), Width(static row => row.Type), Width(static row => row.Shape), Width(static row => row.Count), Width(static row => row.Bytes));
        text.AppendLine();
        foreach (Row row in all)
        {
            string many = isFolded ? row.Count.PadLeft(count) + "  " : string.Empty;
            string line = $"  {row.Name.PadRight(name)}  {row.Type.PadRight(type)}  {row.Shape.PadRight(shape)}  {many}{row.Bytes.PadLeft(bytes)}";
            text.AppendLine(row == all[0] ? style.Faint(line) : line);
        }
    }
}
