using RewardForcing.Native.MiniatureWorld;
using Xunit;

namespace RewardForcing.Native.Tests.MiniatureWorld;

public class SceneTests
{
    private static readonly SceneText[] Combinations =
    [
        .. from shape in Enum.GetValues<SceneShape>()
           from colour in SceneColour.Objects
           from direction in Enum.GetValues<SceneDirection>()
           select new SceneText(shape, colour, SceneColour.Fields[0], direction, SceneSpeed.Slow),
    ];

    [Fact]
    public void Draw_SameSeedAndIndex_GivesTheSameScene()
    {
        Scene alone = Scene.Draw(5, 17, SceneSplit.Train);
        for (int i = 0; i < 17; i++)
        {
            _ = Scene.Draw(5, i, SceneSplit.Train);
        }

        Assert.Equal(alone, Scene.Draw(5, 17, SceneSplit.Train));
        Assert.Equal(ScenePainter.Paint(alone, 3), ScenePainter.Paint(Scene.Draw(5, 17, SceneSplit.Train), 3));
        Assert.NotEqual(alone, Scene.Draw(6, 17, SceneSplit.Train));
    }

    [Fact]
    public void IsHeldOut_AllCombinations_AreBalanced()
    {
        SceneText[] heldOut = [.. Combinations.Where(static text => text.IsHeldOut)];
        Assert.Equal(12, heldOut.Length);
        Assert.All(heldOut.GroupBy(static text => text.Shape), static group => Assert.Equal(3, group.Count()));
        Assert.All(heldOut.GroupBy(static text => text.Direction), static group => Assert.Equal(3, group.Count()));
        Assert.All(heldOut.GroupBy(static text => text.Colour), static group => Assert.Equal(2, group.Count()));
    }

    [Theory]
    [InlineData("train", false)]
    [InlineData("heldout", true)]
    public void Draw_Split_HoldsNoCombinationOfTheOther(string split, bool isHeldOut)
    {
        SceneSplit drawn = new ToolArguments(["prompts", "--split", split]).Split();
        Scene[] scenes = [.. Enumerable.Range(0, 500).Select(index => Scene.Draw(0, index, drawn))];
        Assert.All(scenes, scene => Assert.Equal(isHeldOut, scene.Text.IsHeldOut));
        Assert.All(scenes, static scene => Assert.InRange(scene.Step, Scene.Steps(scene.Text.Speed).Least, Scene.Steps(scene.Text.Speed).Most));
    }

    [Fact]
    public void Parse_Prompt_GivesTheTextBack()
    {
        for (int i = 0; i < 300; i++)
        {
            SceneText text = Scene.Draw(1, i, SceneSplit.Train).Text;
            Assert.Equal(text, SceneText.Parse(text.Prompt));
        }
    }

    [Theory]
    [InlineData("a red circle moves left across a blue field, quickly")]
    [InlineData("a pink circle moves left across a blue field")]
    [InlineData("a dog runs")]
    [InlineData("")]
    public void Parse_AnotherText_Throws(string prompt) => Assert.Contains("no prompt of this world", Assert.Throws<FormatException>(() => SceneText.Parse(prompt)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Centre_LongVideo_StaysInTheFrame(bool bounces)
    {
        SceneText text = new(SceneShape.Circle, SceneColour.Objects[0], SceneColour.Fields[0], SceneDirection.Left, SceneSpeed.Fast, bounces);
        Scene scene = new(text, 9, 2.3, 12, 30);
        double low = bounces ? ScenePainter.Turn(9) : 0;
        for (int frame = 0; frame < 1000; frame++)
        {
            (double x, double y) = ScenePainter.Centre(scene, frame);
            Assert.InRange(x, low - 1e-9, Scene.Size - low + 1e-9);
            Assert.Equal(30, y);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void UnitArea_EveryShape_IsWhatItsDistanceEncloses(string name)
    {
        SceneShape shape = Enum.Parse<SceneShape>(name);
        int inside = 0;
        for (int y = -150; y < 150; y++)
        {
            for (int x = -150; x < 150; x++)
            {
                inside += ScenePainter.Distance(shape, x + 0.5, y + 0.5, 100) < 0 ? 1 : 0;
            }
        }

        Assert.Equal(ScenePainter.UnitArea(shape), inside / 10000.0, 0.01);
    }

    public static TheoryData<string> Shapes => [.. Enum.GetNames<SceneShape>()];
}
