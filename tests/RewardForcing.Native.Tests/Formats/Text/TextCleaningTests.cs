using System.Text;
using RewardForcing.Native.Formats;
using Xunit;

namespace RewardForcing.Native.Tests.Formats.Text;

public sealed class TextCleaningTests
{
    [Theory]
    [InlineData("&amp;lt;b&amp;gt;", "<b>")]
    [InlineData("a &ampb &notit; &copy 2024", "a &b \u00ACit; \u00A9 2024")]
    [InlineData("&#x41;&#66&#x110000;&#xfdd0;&#1;", "AB\uFFFD")]
    [InlineData("&#;&#x;&;&unknown;", "&#;&#x;&;&unknown;")]
    [InlineData(" a\t\u00A0\u3000b \r\n c ", "a b c")]
    [InlineData("\u001C a \u001F", "a")]
    public void CollapseSpaces_References_AreReadTwice(string text, string expected) => Assert.Equal(expected, TextCleaning.CollapseSpaces(text));

    [Theory]
    [InlineData("\u201Ca\u201D \u2018b\u2019", "\"a\" 'b'")]
    [InlineData("\uFB03x \u01C5", "ffix D\u017E")]
    [InlineData("e\u0301 \uD55C\u1100\u1161\u11A8", "\u00E9 \uD55C\uAC01")]
    [InlineData("\uFF21\uFF76\uFF9E\u3000", "A\u30AC ")]
    [InlineData("a\u001b[31mb\u001b[0m\0c", "abc")]
    [InlineData("&EACUTE;&eacute;&lt;", "\u00C9\u00E9<")]
    [InlineData("<&eacute;>", "<&eacute;>")]
    [InlineData("", "")]
    public void Repair_CarelessText_IsRepaired(string text, string expected) => Assert.Equal(expected, TextCleaning.Repair(text));

    [Fact]
    public void Repair_HalfASurrogatePair_IsReplaced() => Assert.Equal("a\uFFFDb", TextCleaning.Repair("a\uD800b"));

    // The marks of a letter go in order of their class whatever order they came in; equal classes keep theirs.
    [Theory]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("a\u0323\u0302", "\u1EAD")]
    [InlineData("a\u0302\u0323", "\u1EAD")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u212B\u2126", "\u00C5\u03A9")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b")]
    public void Compose_Marks_AreOrderedAndComposed(string text, string expected)
    {
        Assert.Equal(expected, CanonicalText.Compose(text));
        Assert.Equal(expected, CanonicalText.Compose(CanonicalText.Decompose(text)));
        Assert.Equal(CanonicalText.Decompose(text), CanonicalText.Decompose(expected));
    }

    [Fact]
    public void Clean_RandomText_IsCleanAfterwards()
    {
        Random random = new(3);
        const string Pieces = "ab &;#x<\u201C\uFB01\u0301\u00E9\u3000\t\n\u0085";
        for (int round = 0; round < 500; round++)
        {
            StringBuilder text = new();
            for (int i = random.Next(30); i > 0; i--)
            {
                text.Append(Pieces[random.Next(Pieces.Length)]);
            }

            string clean = TextCleaning.Clean(text.ToString());
            Assert.Equal(clean.Trim(), clean);
            Assert.DoesNotContain("  ", clean, StringComparison.Ordinal);
            Assert.Equal(clean, TextCleaning.Clean(clean));
        }
    }
}
