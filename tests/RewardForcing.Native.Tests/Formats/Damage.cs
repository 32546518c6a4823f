using System.Diagnostics;
using System.Text.RegularExpressions;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

/// <summary>Damages a valid file in every way of one kind; whatever comes out has to be read rightly or refused by name, in bounded time and memory.</summary>
internal static partial class Damage
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    /// <summary>Cuts the file at every length.</summary>
    /// <returns>How many were read, and how many refused.</returns>
    public static (int Read, int Refused) Cut(string path, byte[] valid, Action read) =>
        Try(path, Enumerable.Range(0, valid.Length).Select(length => ($"cut to {length} bytes", valid[..length])), read);

    /// <summary>Changes one byte at a time.</summary>
    /// <param name="path">Where the damaged file is put.</param>
    /// <param name="valid">The file.</param>
    /// <param name="read">Reads the damaged file and checks what it got.</param>
    /// <param name="masks">What each byte is changed by; none given, every bit in turn.</param>
    /// <param name="positions">Which bytes; null for all.</param>
    public static (int Read, int Refused) Flip(string path, byte[] valid, Action read, byte[]? masks = null, IEnumerable<int>? positions = null)
    {
        masks ??= [1, 2, 4, 8, 16, 32, 64, 128];
        byte[] damaged = [.. valid];
        return Try(path, (positions ?? Enumerable.Range(0, valid.Length)).SelectMany(_ => masks, Change), read);

        (string, byte[]) Change(int position, byte mask)
        {
            valid.CopyTo(damaged, 0);
            damaged[position] ^= mask;
            return ($"byte {position} changed by {mask:X2}", damaged);
        }
    }

    private static (int Read, int Refused) Try(string path, IEnumerable<(string What, byte[] Bytes)> files, Action read)
    {
        (int accepted, int refused) = (0, 0);
        foreach ((string what, byte[] bytes) in files)
        {
            File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            try
            {
                read();
                accepted++;
            }
            catch (ModelFormatException error)
            {
                refused++;
                Assert.True(error.Message.Contains(Path.GetFileName(path), StringComparison.Ordinal) && Sentence().IsMatch(error.Message), $"{what}: \"{error.Message}\"");
            }
            catch (Exception error)
            {
                Assert.Fail($"{what}: {error}");
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < TimeLimit, $"{what}: took {Stopwatch.GetElapsedTime(started)}");
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < (256L * bytes.Length) + (4 << 20), $"{what}: allocated {allocated:N0} bytes");
        }

        return (accepted, refused);
    }

    [GeneratedRegex(@"^[^\p{Cc}]+[^.]\.$")]
    private static partial Regex Sentence();
}
