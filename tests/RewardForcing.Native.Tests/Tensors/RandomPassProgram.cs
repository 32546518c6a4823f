using RewardForcing.Native.Tensors;
using Xunit;

namespace RewardForcing.Native.Tests.Tensors;

/// <summary>Reads a program from numbers and runs it in a pass: allocations, views, scopes that keep or throw, detaching, checkpoints. Watches every tensor it made.</summary>
internal sealed class RandomPassProgram
{
    private const int Depth = 5;
    private readonly int[] _code;
    private readonly List<(OwnedTensor Owner, float[] Values)> _detached = [];
    private int _at;
    private float _next;

    private RandomPassProgram(int[] code) => _code = code;

    public static void Run(Device device, int[] code)
    {
        RandomPassProgram program = new(code);
        List<Tensor> released;
        using (Pass pass = Pass.Inference(device))
        {
            Frame frame = new();
            try
            {
                program.Execute(pass, frame, 0);
            }
            catch (StoppedException)
            {
                // Thrown on purpose in the outermost scope; everything is released by the pass.
            }

            released = [.. frame.Live.Select(static entry => entry.Tensor)];
        }

        Assert.All(released.Where(tensor => !program._detached.Any(entry => entry.Owner.Value == tensor)), static tensor => Assert.Throws<ObjectDisposedException>(() => tensor.ToFloats()));
        foreach ((OwnedTensor owner, float[] values) in program._detached)
        {
            Tensor tensor = owner.Value;
            Assert.Equal(values, tensor.ToFloats());
            owner.Dispose();
            owner.Dispose();
            Assert.Throws<ObjectDisposedException>(() => tensor.ToFloats());
        }
    }

    private bool TryNext(out uint word)
    {
        bool isThere = _at < _code.Length;
        word = isThere ? (uint)_code[_at++] * 2654435761 : 0;
        return isThere;
    }

    // Runs to the end of a scope: a word that says so, or the end of the code.
    private void Execute(Pass pass, Frame frame, int depth)
    {
        while (TryNext(out uint word))
        {
            uint argument = word >> 4;
            switch (word % 12)
            {
                case 0 when depth > 0:
                    return;
                case 1 when depth > 0:
                    throw new StoppedException();
                case 2 when frame.Live.Count > 0:
                    View(pass, frame, argument);
                    break;
                case 3 when depth < Depth:
                    Nested(pass, frame, depth, argument);
                    break;
                case 4 when frame.Live.Count > 0:
                    Detach(pass, frame, argument);
                    break;
                case 5 when frame.Live.Count > 0:
                    Checkpoint(pass, frame, argument);
                    break;
                case 6 when _detached.Count > 0:
                    // Others' memory that looks at the same block keeps it.
                    int index = (int)(argument % (uint)_detached.Count);
                    _detached[index].Owner.Dispose();
                    _detached.RemoveAt(index);
                    break;
                default:
                    float[] values = [.. Enumerable.Range(0, (int)(argument % 40)).Select(_ => _next++)];
                    frame.Live.Add((pass.From<float>(new Shape(values.Length, 1), values), values));
                    break;
            }

            frame.Check();
        }
    }

    private static void View(Pass pass, Frame frame, uint argument)
    {
        (Tensor source, float[] values) = frame.Live[(int)(argument % (uint)frame.Live.Count)];
        int first = (int)(argument / 64 % (uint)(values.Length + 1)), count = (int)(argument / 4096 % (uint)(values.Length - first + 1));
        Tensor view = pass.Reshape(pass.Slice(source, first, count), new Shape(1, count, 1));
        frame.Live.Add((pass.Reshape(view, new Shape(count, 1)), values[first..(first + count)]));
    }

    private void Nested(Pass pass, Frame outer, int depth, uint argument)
    {
        Frame inner = new(outer);
        Tensor? kept = null;
        try
        {
            using Scope scope = pass.BeginScope();
            Execute(pass, inner, depth + 1);
            if (argument % 2 == 0 && inner.Own.Count > 0)
            {
                (Tensor Tensor, float[] Values) entry = inner.Own[(int)(argument / 2 % (uint)inner.Own.Count)];
                kept = scope.Keep(entry.Tensor);
                outer.Live.Add(entry);
            }
        }
        catch (StoppedException) when (argument % 3 != 0)
        {
            // Scopes on the way have been left; the program goes on.
        }

        Assert.All(inner.Own.Where(entry => entry.Tensor != kept && !IsDetached(entry.Tensor)), static entry => Assert.Throws<ObjectDisposedException>(() => entry.Tensor.ToFloats()));
    }

    private void Detach(Pass pass, Frame frame, uint argument)
    {
        (Tensor tensor, float[] values) = frame.Live[(int)(argument % (uint)frame.Live.Count)];
        if (IsDetached(tensor))
        {
            Assert.Throws<InvalidOperationException>(() => pass.Detach(tensor));
            return;
        }

        _detached.Add((pass.Detach(tensor), values));
        frame.Forget(tensor);
    }

    private void Checkpoint(Pass pass, Frame frame, uint argument)
    {
        (Tensor tensor, float[] values) = frame.Live[(int)(argument % (uint)frame.Live.Count)];
        bool fails = argument / 64 % 4 == 0;
        Tensor Body(Pass inner, Tensor x)
        {
            Tensor copy = inner.From<float>(x.Shape, x.ToFloats());
            using Scope scope = inner.BeginScope();
            _ = inner.Zeros(new Shape(100));
            return fails ? throw new StoppedException() : scope.Keep(inner.Reshape(copy, new Shape(values.Length, 1)));
        }

        if (fails)
        {
            Assert.Throws<StoppedException>(() => pass.Checkpoint(tensor, Body));
        }
        else
        {
            frame.Live.Add((pass.Checkpoint(tensor, Body), values));
        }
    }

    private bool IsDetached(Tensor tensor) => _detached.Any(entry => entry.Owner.Value == tensor);

    /// <summary>The tensors a scope may use: its own, and those of the scopes around it.</summary>
    private sealed class Frame(Frame? outer = null)
    {
        private readonly int _inherited = outer?.Live.Count ?? 0;

        public List<(Tensor Tensor, float[] Values)> Live { get; } = outer is null ? [] : [.. outer.Live];

        public List<(Tensor Tensor, float[] Values)> Own => Live[Math.Min(_inherited, Live.Count)..];

        public void Check() => Assert.All(Live, static entry => Assert.Equal(entry.Values, entry.Tensor.ToFloats()));

        // A detached tensor may be disposed while this scope or one around it still knows it.
        public void Forget(Tensor tensor)
        {
            for (Frame? frame = this; frame is not null; frame = frame.Outer)
            {
                _ = frame.Live.RemoveAll(entry => entry.Tensor == tensor);
            }
        }

        private Frame? Outer { get; } = outer;
    }

    private sealed class StoppedException : Exception;
}
