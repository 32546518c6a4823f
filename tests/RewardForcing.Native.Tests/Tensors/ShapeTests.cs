using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Tensors;

public class ShapeTests
{
    [Fact]
    public void Count_NoDimensions_IsOneHoweverItWasMade()
    {
        Assert.Equal(1, new Shape().Count);
        Assert.Equal(1, default(Shape).Count);
        Assert.Equal(1, new Shape([]).Count);
        Assert.Equal(new Shape(), new Shape([]));
        Assert.Equal(new Shape().GetHashCode(), new Shape([]).GetHashCode());
        Assert.Equal("[]", new Shape().ToString());
    }

    [Fact]
    public void Constructor_ExtentsThatCannotBe_AreRefused()
    {
        Assert.Contains("dimension 1", Assert.Throws<ArgumentException>(static () => new Shape(3, -1)).Message, StringComparison.Ordinal);
        Assert.Contains("at most 8", Assert.Throws<ArgumentException>(static () => new Shape(1, 1, 1, 1, 1, 1, 1, 1, 1)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<Exception>(static () => new Shape(int.MaxValue, int.MaxValue, int.MaxValue));
    }
}
