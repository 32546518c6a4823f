namespace RewardForcing.Native.Formats;

/// <summary>A file is not what it should be: damaged, cut short, hostile, or of another kind. The message is one sentence.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>Describes what is wrong: <c>file: sentence</c>.</summary>
    /// <param name="file">The file at fault, as the user knows it.</param>
    /// <param name="sentence">What is wrong, naming the key, what was expected and what was found; without the closing stop.</param>
    /// <param name="key">Tensor, entry or field at fault, verbatim, if it is one.</param>
    /// <param name="inner">The error below, if there was one.</param>
    public ModelFormatException(string file, string sentence, string? key = null, Exception? inner = null)
        : base($"{Printable.Text(file, int.MaxValue)}: {sentence}.", inner)
    {
        File = file;
        Key = key;
    }

    /// <summary>The file at fault.</summary>
    public string File { get; }

    /// <summary>Tensor, entry or field at fault, or null if it is the file as a whole.</summary>
    public string? Key { get; }
}
