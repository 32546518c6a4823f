using RewardForcing.Native.Tensors;

namespace RewardForcing.Native.Models;

/// <summary>Keys and values of a prompt (and of an image's CLIP features) for the cross-attention of every layer, computed once and used in every step.</summary>
/// <remarks>Made by <see cref="WanTransformer.Prepare"/>. They depend on nothing but the prompt: at small sizes they cost more than a denoising step. Spec: models 2.6.</remarks>
public sealed class WanContext : IDisposable
{
    private readonly List<OwnedTensor> _tensors = [];
    private readonly int _perLayer;

    internal WanContext(WanTransformer model, int batch, DType dtype, bool hasImage)
    {
        Model = model;
        Batch = batch;
        DType = dtype;
        HasImage = hasImage;
        _perLayer = hasImage ? 4 : 2;
    }

    /// <summary>The network they are for.</summary>
    public WanTransformer Model { get; }

    /// <summary>Samples, B.</summary>
    public int Batch { get; }

    /// <summary>Type of keys and values.</summary>
    public DType DType { get; }

    /// <summary>Whether an image takes part.</summary>
    public bool HasImage { get; }

    /// <summary>Keys of the text, <c>[B, text_len, N, D]</c>.</summary>
    public Tensor K(int layer) => _tensors[_perLayer * layer].Value;

    /// <summary>Values of the text, <c>[B, text_len, N, D]</c>.</summary>
    public Tensor V(int layer) => _tensors[(_perLayer * layer) + 1].Value;

    /// <summary>Releases keys and values.</summary>
    public void Dispose()
    {
        foreach (OwnedTensor tensor in _tensors)
        {
            tensor.Dispose();
        }

        _tensors.Clear();
    }

    /// <summary>Takes over what a layer computed.</summary>
    internal void Add(Pass pass, ContextKeys keys)
    {
        _tensors.Add(pass.Detach(keys.K));
        _tensors.Add(pass.Detach(keys.V));
        if (HasImage)
        {
            _tensors.Add(pass.Detach(keys.ImageK!));
            _tensors.Add(pass.Detach(keys.ImageV!));
        }
    }

    /// <summary>What a layer attends to.</summary>
    internal ContextKeys Keys(int layer) => HasImage
        ? new ContextKeys(K(layer), V(layer), _tensors[(_perLayer * layer) + 2].Value, _tensors[(_perLayer * layer) + 3].Value)
        : new ContextKeys(K(layer), V(layer));
}
