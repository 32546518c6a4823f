using System.Globalization;
using System.Text.RegularExpressions;

namespace RewardForcing.Native.Cuda.Compilation;

/// <summary>The arguments of one kernel, read from the <c>.param</c> list of its own PTX, and how they lie in the byte image a launch takes.</summary>
/// <param name="Entry">Name of the kernel.</param>
/// <param name="Parameters">One entry for each argument, in order.</param>
public sealed partial record KernelSignature(string Entry, IReadOnlyList<KernelSignature.Parameter> Parameters)
{
    /// <summary>Length of the byte image: the end of the last argument.</summary>
    public int Bytes => Parameters.Count == 0 ? 0 : Parameters[^1].Offset + Parameters[^1].Bytes;

    /// <summary>Reads every kernel of a module.</summary>
    /// <param name="ptx">PTX text.</param>
    /// <returns>Signatures by name of the kernel.</returns>
    /// <exception cref="FormatException">A parameter is not one that CUDA C++ gives.</exception>
    public static IReadOnlyDictionary<string, KernelSignature> Parse(string ptx)
    {
        Dictionary<string, KernelSignature> signatures = new(StringComparer.Ordinal);
        foreach (Match match in EntryHead().Matches(ptx))
        {
            string entry = match.Groups[1].Value;
            List<Parameter> parameters = [];
            int offset = 0;
            foreach (string text in match.Groups[2].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                Parameter parameter = ReadParameter(entry, text, offset);
                parameters.Add(parameter);
                offset = parameter.Offset + parameter.Bytes;
            }

            signatures[entry] = new KernelSignature(entry, parameters);
        }

        return signatures;
    }

    private static Parameter ReadParameter(string entry, string text, int offset)
    {
        Match match = ParameterText().Match(text);
        if (!match.Success)
        {
            throw new FormatException($"{entry}: the PTX parameter '{text}' is not understood.");
        }

        int element = int.Parse(match.Groups["bits"].Value, CultureInfo.InvariantCulture) / 8;
        int count = match.Groups["count"].Success ? int.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture) : 1;
        int alignment = match.Groups["align"].Success ? int.Parse(match.Groups["align"].Value, CultureInfo.InvariantCulture) : element;
        return new Parameter((offset + alignment - 1) / alignment * alignment, element * count, alignment);
    }

    [GeneratedRegex(@"^\s*(?:\.visible\s+|\.weak\s+)?\.entry\s+([\w$]+)\s*(?:\(([^)]*)\))?", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex EntryHead();

    [GeneratedRegex(@"^\.param\s+(?:\.align\s+(?<align>\d+)\s+)?\.[busf](?<bits>\d+)\s+(?:\.ptr(?:\s+\.\w+)*(?:\s+\.align\s+\d+)?\s+)?[\w$%]+(?:\[(?<count>\d+)\])?$", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterText();

    /// <summary>One argument.</summary>
    /// <param name="Offset">Where it starts in the byte image.</param>
    /// <param name="Bytes">Its size.</param>
    /// <param name="Alignment">What its offset is a multiple of.</param>
    public readonly record struct Parameter(int Offset, int Bytes, int Alignment);
}
