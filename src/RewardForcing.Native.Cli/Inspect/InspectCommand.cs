using System.CommandLine;
using RewardForcing.Native.Formats;

namespace RewardForcing.Native.Cli;

/// <summary><c>inspect</c>: lists tensors, types, shapes and metadata, and says what model it is.</summary>
public static class InspectCommand
{
    private const int FileLimit = 40;

    /// <summary>Declares the command.</summary>
    /// <param name="output">Where the listing goes.</param>
    /// <param name="error">Where it says what could not be read.</param>
    public static Command Create(TextWriter output, TextWriter error)
    {
        Argument<string> path = new("PATH") { Description = "A file of tensors (.safetensors, .pt, .pth), an index of shards, a config.json, a tokenizer, or a folder of these." };
        Option<bool> json = new("--json") { Description = "Print one JSON object instead of text; it lists all tensors." };
        Option<bool> all = new("--all") { Description = "List all tensors one by one." };
        Option<int?> limit = new("--limit") { Description = "List so many tensors of each file one by one; not given, a file is summed up by its layers, and none of a folder is listed." };
        Option<string?> filter = new("--filter") { Description = $"List only tensors whose name contains this text, {FileLimit} of each file if neither --all nor --limit is given." };
        Option<bool> values = new("--check_values") { Description = "Read all values too, and name the tensors that hold NaN or infinite ones." };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() < 0)
            {
                result.AddError("--limit must be a whole number from 0 on.");
            }
        });
        Command command = new("inspect", "List tensors, types, shapes and metadata, and say what model it is.") { path, json, all, limit, filter, values };
        command.SetAction((parsed, cancellation) =>
        {
            string place = parsed.GetRequiredValue(path);
            string? named = parsed.GetValue(filter);
            bool isJson = parsed.GetValue(json);
            Inspection inspection;
            try
            {
                inspection = Inspection.Of(place, parsed.GetValue(values), cancellation);
            }
            catch (ModelFormatException refusal) when (isJson)
            {
                output.WriteLine(InspectionJson.Write(Inspection.Failed(place, refusal.Message), null));
                throw;
            }

            int? most = parsed.GetValue(all) ? int.MaxValue : parsed.GetValue(limit) ?? (named is not null ? FileLimit : inspection.IsFolder ? 0 : null);
            output.WriteLine(isJson ? InspectionJson.Write(inspection, named) : InspectionText.Write(inspection, most, named, TextStyle.For(output)));
            int failed = inspection.Items.Count(static item => item is InspectedFailure);
            if (failed > 0)
            {
                error.WriteLine($"{inspection.Path}: {failed} of {inspection.Items.Count} files could not be read; the listing says why.");
            }

            return Task.FromResult(failed > 0 ? ExitCode.Failure : ExitCode.Success);
        });
        return command;
    }
}
