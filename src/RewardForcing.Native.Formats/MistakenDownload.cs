using System.Text;

namespace RewardForcing.Native.Formats;

/// <summary>Recognises what a download leaves when it did not fetch the file itself.</summary>
internal static class MistakenDownload
{
    /// <summary>Bytes that are enough to tell.</summary>
    public const int Length = 64;

    /// <summary>What a file is instead of what its name says, following the file's name in a message; null if it is nothing of the kind.</summary>
    /// <param name="start">Its first bytes.</param>
    public static string? Describe(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("version https://git-lfs.github.com/spec/"u8))
        {
            return "is a pointer of Git LFS and not the file itself; run `git lfs pull` in its repository, or download the file";
        }

        string text = Encoding.Latin1.GetString(start[..Math.Min(Length, start.Length)]).TrimStart();
        bool isPage = text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase);
        return isPage ? "is a web page, so its download went wrong (a login or a licence may be asked for); download it again" : null;
    }
}
