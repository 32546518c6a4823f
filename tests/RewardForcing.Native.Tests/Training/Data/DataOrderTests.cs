using RewardForcing.Native.Training;
using Xunit;

namespace RewardForcing.Native.Tests.Training;

public class DataOrderTests
{
    [Fact]
    public void Draws_OfAnEpoch_AreEveryRowOnce()
    {
        DataOrder order = new(11, 3);
        int[][] epochs = [.. Enumerable.Range(0, 3).Select(epoch => Draw(order, 11 * epoch, 11))];
        Assert.All(epochs, static epoch => Assert.Equal(Enumerable.Range(0, 11), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[1], epochs[2]);
        Assert.NotEqual(epochs[0], Draw(new DataOrder(11, 4), 0, 11));
    }

    [Fact]
    public void Draws_AskedForInAnyOrder_AreTheSame()
    {
        int[] forward = Draw(new DataOrder(7, 5), 0, 40);
        DataOrder order = new(7, 5);
        Assert.Equal(forward.Reverse(), Enumerable.Range(0, 40).Reverse().Select(draw => order[draw]));
        Assert.Equal(forward[23..], Draw(new DataOrder(7, 5), 23, 17));
    }

    [Fact]
    public void Reference_Epochs_AreAlikeAndOfWholeBatches()
    {
        DataOrder order = DataOrder.Reference(20, 3);
        Assert.Equal(18, order.EpochLength);
        Assert.Equal(Draw(order, 0, 18), Draw(order, 18, 18));
        Assert.Equal(new RewardForcing.Native.Generation.TorchCpuRandom(0).Permutation(20)[..18].Select(static row => (int)row), Draw(order, 0, 18));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 4)]
    public void New_TooFewRows_AreRefused(int count, int batch) =>
        Assert.Contains($"{count} rows do not make one batch of {batch}", Assert.Throws<ArgumentException>(() => new DataOrder(count, 0, batch: batch)).Message, StringComparison.Ordinal);

    private static int[] Draw(DataOrder order, long first, int count) => [.. Enumerable.Range(0, count).Select(i => order[first + i])];
}
