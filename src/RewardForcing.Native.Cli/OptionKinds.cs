using System.CommandLine;

namespace RewardForcing.Native.Cli;

/// <summary>The kinds of options the commands have.</summary>
internal static class OptionKinds
{
    /// <summary>A text; one that names a file or a folder must not be empty.</summary>
    public static Option<string?> Text(string name, string description, string value)
    {
        Option<string?> option = new(name) { Description = description, HelpName = value };
        return value is "FILE" or "DIR" or "PATH" ? Named(option) : option;
    }

    /// <summary>Refuses an empty name.</summary>
    public static Option<T> Named<T>(Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value.Length: 0 }])
            {
                result.AddError($"{option.Name} must name a file or a folder, got an empty text.");
            }
        });
        return option;
    }

    /// <summary>One of some values; the first if not given.</summary>
    /// <summary>Refuses all but some values, and offers those for completion.</summary>
    public static Option<string> OneOf(string name, string description, params string[] values)
    {
        Option<string> option = new(name) { Description = description, HelpName = string.Join('|', values), DefaultValueFactory = _ => values[0] };
        Allow(option, values);
        return option;
    }

    public static void Allow(Option option, params string[] values)
    {
        option.CompletionSources.Add(values);
        option.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => !values.Contains(token.Value)) is { } wrong)
            {
                result.AddError($"{option.Name} must be one of {string.Join(", ", values)}, got {wrong.Value}.");
            }
        });
    }

    /// <summary>Refuses values that are not right.</summary>
    public static void Require<T>(Option<T> option, Func<T?, bool> isRight, string expected) => option.Validators.Add(result =>
    {
        bool isFine;
        try
        {
            isFine = result.Tokens.Count != 1 || isRight(result.GetValueOrDefault<T>());
        }
        catch (InvalidOperationException)
        {
            // It is not of the type.
            isFine = false;
        }

        if (!isFine)
        {
            result.AddError($"{option.Name} must be {expected}, got {result.Tokens[0].Value}.");
        }
    });
}
