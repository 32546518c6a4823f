namespace RewardForcing.Native.Cli;

/// <summary>Options are declared with underscores, as the reference names them; dashes are accepted in their place.</summary>
public static class ArgumentSpelling
{
    /// <summary>Rewrites option names to the declared spelling; values, unknown names and everything after <c>--</c> stay as they are.</summary>
    /// <param name="arguments">As typed.</param>
    /// <param name="declared">All option names with their leading dashes.</param>
    /// <returns>The same number of arguments.</returns>
    public static string[] Normalize(IReadOnlyList<string> arguments, IReadOnlySet<string> declared)
    {
        string[] result = [.. arguments];
        for (int i = 0; i < result.Length && result[i] != "--"; i++)
        {
            string argument = result[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                continue;
            }

            int end = argument.IndexOfAny(['=', ':']);
            string name = end < 0 ? argument : argument[..end];
            string spelled = string.Concat("--", name.AsSpan(2).ToString().Replace('-', '_'));
            if (!declared.Contains(name) && declared.Contains(spelled))
            {
                result[i] = spelled + argument[name.Length..];
            }
        }

        return result;
    }
}
