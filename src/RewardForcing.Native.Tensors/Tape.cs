namespace RewardForcing.Native.Tensors;

/// <summary>The recorded ops of a training pass, in the order they ran. Walking back consumes it, so memory falls as gradients are made.</summary>
internal sealed class Tape : IDisposable
{
    private readonly record struct Node(Tensor Output, Tensor?[] Inputs, Tensor?[] Saved, Backward Backward);

    private readonly List<Node> _nodes = [];

    /// <summary>Whether it is being walked back: what derivatives compute has no derivative of its own.</summary>
    public bool IsRunning { get; private set; }

    public void Add(Tensor output, ReadOnlySpan<Tensor?> inputs, ReadOnlySpan<Tensor?> saved, Backward backward)
    {
        foreach (Tensor? tensor in saved)
        {
            tensor?.Retain();
        }

        _nodes.Add(new Node(output, inputs.ToArray(), saved.ToArray(), backward));
    }

    public Tensor[] Run(Pass pass, Tensor output, Tensor outputGrad, ReadOnlySpan<Tensor> wanted)
    {
        var grads = new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance);
        outputGrad.Retain();
        grads[output] = outputGrad;
        IsRunning = true;
        try
        {
            while (_nodes.Count > 0)
            {
                Step(pass, grads);
            }

            var result = new Tensor[wanted.Length];
            for (int i = 0; i < wanted.Length; i++)
            {
                if (!grads.Remove(wanted[i], out Tensor? grad))
                {
                    throw new InvalidOperationException($"backward: no gradient reached tensor {wanted[i].Shape}.");
                }

                result[i] = pass.Own(grad);
            }

            return result;
        }
        finally
        {
            IsRunning = false;
            foreach (Tensor left in grads.Values)
            {
                left.Release();
            }
        }
    }

    public void Dispose()
    {
        foreach (Node node in _nodes)
        {
            Release(node);
        }

        _nodes.Clear();
    }

    private static void Accumulate(Pass pass, Dictionary<Tensor, Tensor> grads, Tensor target, Tensor grad)
    {
        if (target.Parameter is { } parameter)
        {
            parameter.AccumulateGrad(grad);
        }
        else if (grads.TryGetValue(target, out Tensor? first))
        {
            // A new tensor: an op may have handed the same gradient to two inputs, so adding in place would count twice.
            var sum = new Tensor(pass.Device, first.Shape, first.DType);
            sum.CopyFrom(first);
            pass.Device.Accumulate(sum, grad);
            first.Release();
            grads[target] = sum;
        }
        else
        {
            grad.Retain();
            grads[target] = grad;
        }
    }

    private static void Release(Node node)
    {
        foreach (Tensor? tensor in node.Saved)
        {
            tensor?.Release();
        }
    }

    private void Step(Pass pass, Dictionary<Tensor, Tensor> grads)
    {
        Node node = _nodes[^1];
        _nodes.RemoveAt(_nodes.Count - 1);
        grads.Remove(node.Output, out Tensor? dy);
        try
        {
            if (dy is null)
            {
                return;
            }

            using Scope temporaries = pass.BeginScope();
            Tensor?[] inputGrads = node.Backward(pass, dy);
            for (int k = 0; k < node.Inputs.Length; k++)
            {
                if (inputGrads[k] is { } dx && node.Inputs[k] is { NeedsGrad: true } input)
                {
                    Accumulate(pass, grads, input, dx);
                }
            }
        }
        finally
        {
            dy?.Release();
            Release(node);
        }
    }
}
