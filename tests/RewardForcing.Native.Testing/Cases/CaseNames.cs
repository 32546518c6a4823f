using System.Text;

namespace RewardForcing.Native.Testing.Cases;

/// <summary>From the names of classes to those of files and kernels.</summary>
public static class CaseNames
{
    /// <summary>Turns <c>CausalConv3d</c> into <c>causal_conv3d</c>.</summary>
    public static string Stem(string pascal)
    {
        StringBuilder stem = new();
        foreach (char letter in pascal)
        {
            if (char.IsUpper(letter) && stem.Length > 0)
            {
                stem.Append('_');
            }

            stem.Append(char.ToLowerInvariant(letter));
        }

        return stem.ToString();
    }
}
