using System.Text;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Text;

public sealed class PromptFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("a\nb", "a|b")]
    [InlineData("a\r\n\r\n b \r\u2028c\u00A0\n", "a|| b|\u2028c")]
    [InlineData("\uFEFFa\n\n", "a|")]
    [InlineData("a\fb\u001C\n", "a\fb")]
    public void Read_Lines_EndAsInPython(string text, string expected)
    {
        File.WriteAllText(_path, text, new UTF8Encoding(false));
        Assert.Equal(expected, string.Join('|', PromptFile.Read(_path)));
    }

    [Fact]
    public void Read_AnotherEncoding_IsRefused()
    {
        File.WriteAllBytes(_path, [(byte)'a', 0xE9, (byte)'b']);
        Assert.Contains("UTF-8", Assert.Throws<ModelFormatException>(() => PromptFile.Read(_path)).Message, StringComparison.Ordinal);
        Assert.Throws<ModelFormatException>(() => PromptFile.Read(_path + ".none"));
    }
}
