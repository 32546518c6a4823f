using FsCheck.Xunit;
using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Tensors;

/// <summary>Random programs of a pass: whatever they do, memory is given back, what is alive keeps its values, and what is released cannot be read.</summary>
public sealed class PassPropertyTests
{
    [Property(MaxTest = 300)]
    public void RandomProgram_GivesBackAllMemoryAndKeepsValues(int[] code)
    {
        using CpuDevice device = new(1, checkMemory: true);
        RandomPassProgram.Run(device, code);
        Assert.Equal(0, device.LiveBytes);
        device.TrimPool();
        Assert.Equal(0, device.PooledBytes);
    }

    // Passes of several threads share a pool: no block may be two tensors' at once.
    [Property(MaxTest = 30)]
    public void RandomProgramsOfThreads_OnOneDevice_DoNotDisturbEachOther(int[] first, int[] second, int[] third)
    {
        using CpuDevice device = new(1, checkMemory: true);
        Parallel.ForEach(new[] { first, second, third, first }, code => RandomPassProgram.Run(device, [.. code, .. code]));
        Assert.Equal(0, device.LiveBytes);
    }

    [Property(MaxTest = 200)]
    public void RandomTape_GradientIsThatOfTheViews_WithAndWithoutCheckpoints(int[] code, bool stopsHalfway)
    {
        (int rows, int columns) = (6, 4);
        using CpuDevice device = new(1, checkMemory: true);
        using Parameter parameter = Parameter.New(device, "x", new Shape(rows, columns));
        parameter.Trainable = true;
        parameter.Value.CopyFrom<float>(Counting(rows * columns));
        long before = device.LiveBytes;

        // A view of consecutive rows is known by its first element and its length.
        (int First, int Count) range = RandomViews.RangeOf(code, rows * columns, columns);
        float[] expected = new float[rows * columns];
        for (int i = 0; i < range.Count; i++)
        {
            expected[range.First + i] = i + 1;
        }

        foreach (bool checkpoints in new[] { false, true })
        {
            using (Pass pass = Pass.Training(device))
            {
                Tensor y = RandomViews.Apply(pass, parameter, code, checkpoints);
                Assert.Equal(Counting(rows * columns).Skip(range.First).Take(range.Count), y.ToFloats());
                if (!stopsHalfway)
                {
                    pass.Backward(y, pass.From<float>(y.Shape, Counting(range.Count)));
                }
            }

            if (!stopsHalfway && code.Length > 0)
            {
                Assert.Equal(expected, parameter.Grad!.ToFloats());
            }

            parameter.ClearGrad();
            Assert.Equal(before, device.LiveBytes);
        }
    }

    [Property(MaxTest = 100)]
    public void Backward_DerivativeThrows_ReleasesTapeAndGradients(int[] code, byte place)
    {
        using CpuDevice device = new(1, checkMemory: true);
        using (Parameter parameter = Parameter.New(device, "x", new Shape(6, 4)))
        {
            parameter.Trainable = true;
            parameter.Value.Clear();
            using Pass pass = Pass.Training(device);
            Tensor x = parameter;
            for (int i = 0; i <= place % 5; i++)
            {
                x = RandomViews.Apply(pass, x, code, i % 2 == 1);
                Tensor y = pass.From<float>(x.Shape, x.ToFloats());
                bool fails = i == place % 3;
                pass.Record(y, [x], [x, y], (back, dy) => fails ? throw new InvalidOperationException("no derivative") : [back.From<float>(dy.Shape, dy.ToFloats())]);
                x = y;
            }

            Tensor grad = pass.From<float>(x.Shape, new float[x.Count]);
            if (place % 3 <= place % 5)
            {
                Assert.Equal("no derivative", Assert.Throws<InvalidOperationException>(() => pass.Backward(x, grad)).Message);
            }
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void New_AfterTheEndOfThePass_ThrowsInsteadOfLeaking()
    {
        using CpuDevice device = new(1, checkMemory: true);
        Pass pass = Pass.Inference(device);
        Tensor x = pass.New(new Shape(3));
        pass.Dispose();
        pass.Dispose();

        Assert.Throws<ObjectDisposedException>(() => pass.New(new Shape(3)));
        Assert.Throws<ObjectDisposedException>(() => pass.From<float>(new Shape(1), [1]));
        Assert.Throws<ObjectDisposedException>(() => pass.Reshape(x, new Shape(3, 1)));
        Assert.Throws<ObjectDisposedException>(() => x.ToFloats());
        Assert.Equal(0, device.LiveBytes);
    }

    [Property(MaxTest = 300)]
    public void Pool_RandomSizes_HandsNoBlockOutTwiceAndReusesWhatCameBack(int[] code)
    {
        using CpuDevice device = new(1, checkMemory: true);
        List<(OwnedTensor Tensor, int Value)> live = [];
        long largest = 0;
        for (int i = 0; i < code.Length; i++)
        {
            uint word = (uint)code[i] * 2654435761;
            if (word % 3 == 0 && live.Count > 0)
            {
                int at = (int)(word / 3 % (uint)live.Count);
                Assert.All(live[at].Tensor.Value.ToArray<int>(), value => Assert.Equal(live[at].Value, value));
                live[at].Tensor.Dispose();
                live[at].Tensor.Dispose();
                live.RemoveAt(at);
            }
            else
            {
                OwnedTensor tensor = OwnedTensor.New(device, new Shape((int)(word % 700)), DType.I32);
                tensor.Value.Span<int>().Fill(i);
                live.Add((tensor, i));
            }

            largest = Math.Max(largest, device.LiveBytes);
            Assert.Equal(largest, device.PeakBytes);
        }

        foreach ((OwnedTensor tensor, int value) in live)
        {
            Assert.All(tensor.Value.ToArray<int>(), found => Assert.Equal(value, found));
            tensor.Dispose();
        }

        Assert.Equal(0, device.LiveBytes);
    }

    private static float[] Counting(int count) => [.. Enumerable.Range(1, count).Select(static i => (float)i)];
}
