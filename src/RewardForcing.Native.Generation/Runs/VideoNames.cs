using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RewardForcing.Native.Generation;

/// <summary>Names the files of videos, so that no two videos of a run share one.</summary>
public static class VideoNames
{
    private const int Words = 50;
    private const int MaxNameBytes = 255;
    private const int Reserve = 80;

    /// <summary>The name of a video, without its extension.</summary>
    /// <param name="rule">How it is formed.</param>
    /// <param name="index">The prompt's number, from 0.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="sample">The sample, from 0.</param>
    /// <param name="samples">Samples of each prompt.</param>
    /// <exception cref="ArgumentException">The prompt itself has to be the name and cannot be one.</exception>
    public static string Of(NamingRule rule, int index, string prompt, int sample, int samples) => rule switch
    {
        NamingRule.Index => string.Create(CultureInfo.InvariantCulture, $"{index}-{sample}"),
        NamingRule.VBench => string.Create(CultureInfo.InvariantCulture, $"{Whole(index, prompt)}-{sample}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{index:D4}-{Slug(prompt)}{(samples > 1 ? $"-{sample}" : "")}"),
    };

    // Letters and digits of any script; a few digits of a hash tell long prompts with the same beginning apart.
    private static string Slug(string prompt)
    {
        StringBuilder slug = new();
        bool isCut = false;
        foreach (Rune rune in prompt.EnumerateRunes())
        {
            if (slug.Length >= Words)
            {
                isCut = true;
                break;
            }

            if (Rune.IsLetterOrDigit(rune))
            {
                slug.Append(Rune.ToLowerInvariant(rune).ToString());
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }
        }

        string words = slug.ToString().Trim('-');
        string tail = isCut ? "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(prompt)))[..4] : "";
        return (words.Length > 0 ? words : "prompt") + tail;
    }

    private static string Whole(int index, string prompt)
    {
        int bytes = Encoding.UTF8.GetByteCount(prompt);
        string? problem = prompt.Length == 0 ? "is empty"
            : prompt.AsSpan().ContainsAny(['/', '\\', .. Path.GetInvalidFileNameChars()]) || prompt[0] == '.' ? "has characters that no file name may have"
            : bytes > MaxNameBytes - Reserve ? $"has {bytes} bytes, at most {MaxNameBytes - Reserve} fit into a file name" : null;
        return problem is null ? prompt : throw new ArgumentException($"--vbench names files after their prompts, but prompt {index} {problem}; leave out --vbench or change the prompt.");
    }
}
