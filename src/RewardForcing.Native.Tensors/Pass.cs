namespace RewardForcing.Native.Tensors;

/// <summary>One run of a network: where it runs, who owns its memory, and whether it is recorded for a backward pass.</summary>
/// <remarks>
/// Not thread-safe: one pass belongs to one thread at a time and, on CUDA, to one stream. Parameter gradients accumulate in F32; activation
/// gradients have the type of the activation, are written once and summed by the tape.
/// </remarks>
public sealed class Pass : IDisposable
{
    private readonly List<List<Tensor>> _scopes = [[]];
    private readonly Tape? _tape;
    private readonly Pass? _parent;
    private bool _isOver;

    private Pass(Device device, Tape? tape, Pass? parent, CancellationToken cancellation)
    {
        Device = device;
        _tape = tape;
        _parent = parent;
        Cancellation = cancellation;
    }

    /// <summary>Where ops of this pass run.</summary>
    public Device Device { get; }

    /// <summary>Whether ops are recorded for a backward pass.</summary>
    public bool IsTraining => _tape is not null;

    /// <summary>Asks the pass to stop; networks look at it between blocks.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Starts a pass that keeps nothing for a backward pass.</summary>
    public static Pass Inference(Device device, CancellationToken cancellation = default) => new(device, null, null, cancellation);

    /// <summary>Starts a pass that records a tape.</summary>
    public static Pass Training(Device device, CancellationToken cancellation = default) => new(device, new Tape(), null, cancellation);

    /// <summary>Allocates an uninitialised tensor owned by the innermost scope.</summary>
    public Tensor New(Shape shape, DType dtype = DType.F32) => Own(new Tensor(Device, shape, dtype));

    /// <summary>Allocates a tensor of zeros owned by the innermost scope.</summary>
    public Tensor Zeros(Shape shape, DType dtype = DType.F32)
    {
        Tensor tensor = New(shape, dtype);
        tensor.Clear();
        return tensor;
    }

    /// <summary>Copies host values to a new tensor owned by the innermost scope.</summary>
    /// <exception cref="ArgumentException">The number of values is not that of the shape.</exception>
    public Tensor From<T>(Shape shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        Tensor tensor = New(shape, DTypes.Of<T>());
        tensor.CopyFrom(values);
        return tensor;
    }

    /// <summary>Looks at the same elements with other extents of the same product.</summary>
    /// <exception cref="ArgumentException">The number of elements differs.</exception>
    public Tensor Reshape(Tensor x, Shape shape)
    {
        if (shape.Count != x.Count)
        {
            throw new ArgumentException($"reshape: {x.Shape} has {x.Count} elements, {shape} has {shape.Count}.", nameof(shape));
        }

        Tensor y = Own(x.ViewAt(0, shape));
        Shape back = x.Shape;
        Record(y, [x], [], (pass, dy) => [pass.Reshape(dy, back)]);
        return y;
    }

    /// <summary>Looks at <paramref name="count"/> consecutive entries of the first dimension.</summary>
    /// <param name="x">Source, <c>[N, ...]</c>.</param>
    /// <param name="first">First entry.</param>
    /// <param name="count">Number of entries; the result is <c>[count, ...]</c>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the first dimension.</exception>
    public Tensor Slice(Tensor x, int first, int count)
    {
        if (x.Shape.Rank == 0 || first < 0 || count < 0 || first > x.Shape[0] - count)
        {
            throw new ArgumentOutOfRangeException(nameof(first), $"slice: entries {first}..{first + count} are not within the first dimension of {x.Shape}.");
        }

        long row = x.Shape[0] == 0 ? 0 : x.Count / x.Shape[0];
        Tensor y = Own(x.ViewAt(first * row, x.Shape.With(0, count)));
        Shape whole = x.Shape;
        Record(y, [x], [], (pass, dy) =>
        {
            Tensor dx = pass.Zeros(whole, dy.DType);
            pass.Slice(dx, first, count).CopyFrom(dy);
            return [dx];
        });
        return y;
    }

    /// <summary>Looks at one entry of the first dimension: <c>[N, ...]</c> gives <c>[...]</c>.</summary>
    public Tensor Entry(Tensor x, int index)
    {
        Tensor slice = Slice(x, index, 1);
        return Reshape(slice, new Shape(x.Shape.ToArray().AsSpan(1)));
    }

    /// <summary>Opens a scope; tensors made inside are released when it is disposed, unless kept.</summary>
    public Scope BeginScope()
    {
        _scopes.Add([]);
        return new Scope(this, _scopes.Count - 1);
    }

    /// <summary>Records an op. Does nothing in an inference pass or when no input needs a gradient.</summary>
    /// <param name="output">The op's result.</param>
    /// <param name="inputs">Tensors a gradient may flow to, in the order <paramref name="backward"/> returns them; null for one that was not given.</param>
    /// <param name="saved">Everything <paramref name="backward"/> reads; held until it has run; nulls are passed over.</param>
    /// <param name="backward">The hand-written derivative.</param>
    public void Record(Tensor output, ReadOnlySpan<Tensor?> inputs, ReadOnlySpan<Tensor?> saved, Backward backward)
    {
        if (Records(inputs))
        {
            output.NeedsGrad = true;
            _tape!.Add(output, inputs, saved, backward);
        }
    }

    /// <summary>Whether <see cref="Record"/> would record an op of these inputs: it then has to keep what its backward pass reads.</summary>
    public bool Records(params ReadOnlySpan<Tensor?> inputs) => _tape is { IsRunning: false } && AnyNeedsGrad(inputs);

    /// <summary>Refuses to run an op without a derivative where one would be needed, so that no gradient goes missing in silence.</summary>
    /// <param name="op">Name of the op.</param>
    /// <param name="inputs">Its differentiable inputs; entries may be null.</param>
    /// <exception cref="NotSupportedException">The pass records a tape and an input needs a gradient.</exception>
    public void RequireNoGrad(string op, params ReadOnlySpan<Tensor?> inputs)
    {
        if (Records(inputs))
        {
            throw new NotSupportedException($"{op}: has no backward pass yet; run it in an inference pass or freeze its inputs.");
        }
    }

    /// <summary>Runs the tape backwards from a scalar; parameter gradients accumulate in <see cref="Parameter.Grad"/>.</summary>
    /// <exception cref="ArgumentException"><paramref name="loss"/> has more than one element.</exception>
    public void Backward(Tensor loss)
    {
        if (loss.Count != 1)
        {
            throw new ArgumentException($"backward: a loss has one element, got {loss.Shape}; give the gradient of this tensor instead.", nameof(loss));
        }

        using Scope scope = BeginScope();
        Backward(loss, From<float>(loss.Shape, [1f]));
    }

    /// <summary>Runs the tape backwards from <paramref name="output"/>.</summary>
    /// <param name="output">A tensor recorded in this pass.</param>
    /// <param name="outputGrad">Its gradient, of the same shape.</param>
    /// <param name="wanted">Tensors that are no parameters and whose gradients are returned.</param>
    /// <returns>Gradients of <paramref name="wanted"/>, owned by the innermost scope.</returns>
    /// <exception cref="InvalidOperationException">The pass records nothing, or no gradient reached a wanted tensor.</exception>
    public Tensor[] Backward(Tensor output, Tensor outputGrad, params ReadOnlySpan<Tensor> wanted)
    {
        return _tape is null
            ? throw new InvalidOperationException("backward: this pass records nothing; start it with Pass.Training.")
            : _tape.Run(this, output, outputGrad, wanted);
    }

    /// <summary>Runs <paramref name="body"/> without keeping its intermediates and runs it again when the gradient is needed.</summary>
    /// <param name="x">Input of the body; the only non-parameter tensor a gradient flows to.</param>
    /// <param name="body">Deterministic: any noise comes from a counter it captures.</param>
    public Tensor Checkpoint(Tensor x, Func<Pass, Tensor, Tensor> body) => Checkpoint([x], (pass, inputs) => body(pass, inputs[0]));

    /// <summary>The same for a body of several inputs.</summary>
    /// <param name="inputs">All non-parameter tensors a gradient flows to; a tensor the body captures besides is a constant.</param>
    /// <param name="body">Gets the inputs in their order.</param>
    public Tensor Checkpoint(Tensor[] inputs, Func<Pass, Tensor[], Tensor> body)
    {
        Tensor y;
        using (var discarded = new Pass(Device, null, this, Cancellation))
        {
            y = discarded.KeepFrom(0, body(discarded, inputs));
        }

        if (_tape is { IsRunning: false })
        {
            // Parameters inside the body need their gradients even if no input does.
            y.NeedsGrad = true;
            _tape.Add(y, inputs, inputs, (pass, dy) => Replay(pass, inputs, body, dy));
        }

        return y;
    }

    /// <summary>Hands a tensor of this pass to the caller, who then owns it until <see cref="OwnedTensor.Dispose"/>.</summary>
    public OwnedTensor Detach(Tensor tensor)
    {
        foreach (List<Tensor> scope in _scopes)
        {
            if (scope.Remove(tensor))
            {
                return new OwnedTensor(tensor);
            }
        }

        throw new InvalidOperationException($"detach: {tensor} is not owned by this pass.");
    }

    /// <summary>Releases the tape and every tensor this pass still owns.</summary>
    public void Dispose()
    {
        _isOver = true;
        _tape?.Dispose();
        for (int depth = _scopes.Count - 1; depth >= 0; depth--)
        {
            ReleaseAll(_scopes[depth]);
        }
    }

    internal Tensor Own(Tensor tensor)
    {
        if (_isOver)
        {
            // Nobody would ever release it.
            tensor.Release();
            throw new ObjectDisposedException(nameof(Pass), "pass: it is over and owns nothing any more; start another one.");
        }

        _scopes[^1].Add(tensor);
        return tensor;
    }

    internal Tensor KeepFrom(int depth, Tensor tensor)
    {
        // Searched from the end: what is kept was nearly always made last.
        int at = _scopes[depth].LastIndexOf(tensor);
        if (at >= 0)
        {
            _scopes[depth].RemoveAt(at);
            List<Tensor> outer = depth > 0 ? _scopes[depth - 1]
                : _parent?._scopes[^1] ?? throw new InvalidOperationException("keep: the outermost scope has nowhere to hand a tensor to.");
            outer.Add(tensor);
        }

        return tensor;
    }

    internal void EndScope(int depth)
    {
        if (depth != _scopes.Count - 1)
        {
            throw new InvalidOperationException("scope: scopes must end in the reverse order of their beginning.");
        }

        List<Tensor> ending = _scopes[depth];
        _scopes.RemoveAt(depth);
        ReleaseAll(ending);
    }

    private Tensor?[] Replay(Pass pass, Tensor[] inputs, Func<Pass, Tensor[], Tensor> body, Tensor dy)
    {
        using var replay = new Pass(Device, new Tape(), pass, Cancellation);
        Tensor again = body(replay, inputs);

        // A parameter's gradient goes where it accumulates.
        Tensor[] wanted = Array.FindAll(inputs, static input => input is { NeedsGrad: true, Parameter: null });
        Tensor[] grads = replay.Backward(again, dy, wanted);
        return Array.ConvertAll(inputs, input => Array.IndexOf(wanted, input) is int at and >= 0 ? replay.KeepFrom(0, grads[at]) : null);
    }

    private static bool AnyNeedsGrad(ReadOnlySpan<Tensor?> inputs)
    {
        foreach (Tensor? input in inputs)
        {
            if (input is { NeedsGrad: true })
            {
                return true;
            }
        }

        return false;
    }

    private static void ReleaseAll(List<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            tensor.Release();
        }

        tensors.Clear();
    }
}
