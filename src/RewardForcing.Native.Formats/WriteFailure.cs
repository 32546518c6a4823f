namespace RewardForcing.Native.Formats;

/// <summary>Says which file could not be written and why, in one sentence without the temporary name that it had.</summary>
internal static class WriteFailure
{
    /// <summary>Whether a failure is one of the file system. A file too large for it is reported as an argument out of range.</summary>
    public static bool Is(Exception error) => error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>The failure to throw.</summary>
    /// <param name="path">Target, as the user named it.</param>
    /// <param name="error">What happened.</param>
    public static IOException Of(string path, Exception error) =>
        error is IOException told && told.Message.StartsWith(path, StringComparison.Ordinal) ? told : new IOException($"{path}: could not be written: {Reason(error)}.", error);

    private static string Reason(Exception error)
    {
        string message = error.Message.ReplaceLineEndings(" ");
        int place = message.IndexOf(" : '", StringComparison.Ordinal);
        return error switch
        {
            UnauthorizedAccessException => "access to it or to its folder is denied",
            ArgumentOutOfRangeException => "it would be larger than the file system or a limit of this process allows",
            PathTooLongException => "its name is too long",
            FileNotFoundException or DirectoryNotFoundException => "its folder is not there and cannot be made",
            _ => (place < 0 ? message : message[..place]).TrimEnd('.', ' '),
        };
    }
}
