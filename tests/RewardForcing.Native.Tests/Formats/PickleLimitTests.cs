using System.Diagnostics;
using System.Text;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats;

/// <summary>Small pickles that would unfold to something large.</summary>
public sealed class PickleLimitTests
{
    private const string Begin = "\u0080\u0002}(";
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(20);

    // A text of a million letters as the key above ten thousand others.
    public static string LongNames => Begin + Text(new string('k', 1_000_000)) + "}(" + string.Concat(Enumerable.Range(0, 10_000).Select(static i => Text($"{i}") + "K\u0001")) + "uu.";

    // One list of many values under many keys.
    public static string SharedList => Begin + Text("list") + "](" + new string('N', 60_000) + "eq\0" + string.Concat(Enumerable.Range(0, 10_000).Select(static i => Text($"{i}") + "h\0")) + "u.";

    // A list that holds itself twice.
    public static string Cycle => Begin + Text("list") + "]q\0(h\0h\0}eu.";

    // Ten levels of dictionaries, each ten times in the one above.
    public static string Laughs => Begin + string.Concat(Enumerable.Range(0, 9).Select(static level =>
        Text($"{level}") + "}(" + string.Concat(Enumerable.Range(0, 10).Select(key => Text($"{key}") + (level == 0 ? "K\u0001" : $"h{(char)(level - 1)}"))) + $"uq{(char)level}")) + "u.";

    [Theory]
    [InlineData(nameof(LongNames))]
    [InlineData(nameof(SharedList))]
    [InlineData(nameof(Cycle))]
    [InlineData(nameof(Laughs))]
    public void Walk_PickleThatUnfoldsWithoutEnd_IsRefusedInTimeAndMemory(string name)
    {
        byte[] code = Encoding.Latin1.GetBytes((string)typeof(PickleLimitTests).GetProperty(name)!.GetValue(null)!);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        ModelFormatException refusal = Assert.Throws<ModelFormatException>(
            () => PyTorchContent.Walk("laughs.pt", "archive", new Dictionary<string, ZipRecord>(), PickleMachine.Read("laughs.pt", "archive/data.pkl", code)));
        Assert.Contains("without end or with too many values", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(refusal.Message.Length, 1, 1000);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeLimit);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 600 << 20);
    }

    private static string Text(string text) => "X" + Encoding.Latin1.GetString(BitConverter.GetBytes(text.Length)) + text;
}
