using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RewardForcing.Native.Formats;

/// <summary>Tells texts, numbers, flags and nothing apart, as the reference's reader does.</summary>
/// <remarks>YAML 1.1 as PyYAML has it, with OmegaConf's rule for floats: <c>2e-6</c> is a number. Numbers to the base 60 and times stay texts.</remarks>
internal static partial class YamlScalar
{
    /// <summary>What the tags of plain types begin with.</summary>
    public const string CoreTag = "tag:yaml.org,2002:";

    private static readonly string[] _true = ["true", "yes", "on"];
    private static readonly string[] _false = ["false", "no", "off"];

    /// <summary>The value of a scalar.</summary>
    /// <exception cref="ModelFormatException">It has a tag of another type, or is something that only the reference's reader could fill in.</exception>
    public static YamlNode Resolve(string file, Scalar scalar)
    {
        string text = scalar.Value;
        if (scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific)
        {
            // "!" makes a text of anything.
            bool isPlain = scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty;
            return isPlain ? Plain(file, scalar) : Text(file, scalar);
        }

        YamlNode? plain = text.Length == 0 ? null : Number(text);
        return (scalar.Tag.Value.StartsWith(CoreTag, StringComparison.Ordinal) ? scalar.Tag.Value[CoreTag.Length..] : "") switch
        {
            "str" => Text(file, scalar),
            "int" when Whole(text) is not null => plain!,
            "float" when plain is not null => plain,
            "bool" when Flag(text) is bool flag => new YamlNode.Scalar(writer => writer.WriteBooleanValue(flag)),
            "null" when IsNull(text) => new YamlNode.Scalar(static writer => writer.WriteNullValue()),
            _ => throw new ModelFormatException(file, $"has the tag {Printable.Text(scalar.Tag.Value)} on \"{Printable.Text(text, 60)}\" in line {scalar.Start.Line}, expected a plain value of a plain type"),
        };
    }

    private static YamlNode Plain(string file, Scalar scalar)
    {
        string text = scalar.Value;
        return IsNull(text) ? new YamlNode.Scalar(static writer => writer.WriteNullValue())
            : Flag(text) is bool flag ? new YamlNode.Scalar(writer => writer.WriteBooleanValue(flag))
            : Number(text) ?? Text(file, scalar);
    }

    private static YamlNode.Scalar Text(string file, Scalar scalar)
    {
        string text = scalar.Value;
        string? special = text == "???" ? "a missing value (???)" : text.Contains("${", StringComparison.Ordinal) ? "an interpolation (${...})" : null;
        return special is null ? new YamlNode.Scalar(writer => writer.WriteStringValue(text))
            : throw new ModelFormatException(file, $"has {special} in line {scalar.Start.Line}; write the value itself");
    }

    private static bool IsNull(string text) => text is "" or "~" or "null" or "Null" or "NULL";

    private static bool? Flag(string text)
    {
        return Is(_true) ? true : Is(_false) ? false : null;

        bool Is(string[] words) => words.Any(word => text == word || text == word.ToUpperInvariant() || text == char.ToUpperInvariant(word[0]) + word[1..]);
    }

    // What is not finite has no number in JSON and stays a text, which no numeric key accepts.
    private static YamlNode.Scalar? Number(string text)
    {
        if (Whole(text) is Int128 whole)
        {
            string digits = whole.ToString(CultureInfo.InvariantCulture);
            return new YamlNode.Scalar(writer => writer.WriteRawValue(digits));
        }

        return Floats().IsMatch(text) && double.TryParse(text.Replace("_", ""), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? new YamlNode.Scalar(writer => writer.WriteRawValue(Digits(number))) : null;
    }

    // 480.0 is no whole number, and stays none.
    private static string Digits(double number)
    {
        string digits = number.ToString("R", CultureInfo.InvariantCulture);
        return digits.AsSpan().ContainsAny('.', 'E') ? digits : digits + ".0";
    }

    private static Int128? Whole(string text)
    {
        Match match = Wholes().Match(text);
        if (!match.Success || text.Length > 100)
        {
            return null;
        }

        int radix = match.Groups["binary"].Success ? 2 : match.Groups["hex"].Success ? 16 : match.Groups["octal"].Success ? 8 : 10;
        string digits = match.Groups.Values.Skip(1).First(static group => group.Success).Value.Replace("_", "");
        Int128 value = 0;
        foreach (char digit in digits)
        {
            value = (value * radix) + Convert.ToInt32(digit.ToString(), 16);
            if (value > long.MaxValue)
            {
                return null;
            }
        }

        return text[0] == '-' ? -value : value;
    }

    [GeneratedRegex(@"^[-+]?(?:0b(?<binary>[01_]+)|0x(?<hex>[0-9a-fA-F_]+)|0(?<octal>[0-7_]+)|(?<decimal>0|[1-9][0-9_]*))\z")]
    private static partial Regex Wholes();

    [GeneratedRegex(@"^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)\z")]
    private static partial Regex Floats();
}
