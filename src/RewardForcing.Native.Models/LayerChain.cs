using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Runs layers one after another and holds no more than one layer's input and output at a time.</summary>
internal static class LayerChain
{
    /// <summary>Applies layers 0 to <paramref name="count"/> - 1.</summary>
    /// <param name="pass">Where to run; cancellation is looked at before each layer.</param>
    /// <param name="x">Input of the first layer; stays with its owner.</param>
    /// <param name="count">Number of layers.</param>
    /// <param name="layer">Computes the output of a layer from its input and number.</param>
    public static Tensor Run(Pass pass, Tensor x, int count, Func<Tensor, int, Tensor> layer)
    {
        if (count == 0)
        {
            return x;
        }

        // Scopes end in the reverse order of their beginning, so the scope that is to release a layer's input has to be opened before
        // that input is computed: the last layer's scope is the outermost.
        using Scope scope = pass.BeginScope();
        Tensor input = Run(pass, x, count - 1, layer);
        pass.Cancellation.ThrowIfCancellationRequested();
        return scope.Keep(layer(input, count - 1));
    }
}
