namespace RewardForcing.Native.Ops;

/// <summary>An elementwise function that follows a linear map or a norm.</summary>
public enum Activation
{
    /// <summary>Identity.</summary>
    None,

    /// <summary><c>0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))</c>: DiT feed-forward, text embedding, umT5.</summary>
    GeluTanh,

    /// <summary><c>0.5 x (1 + erf(x / sqrt(2)))</c>: image embedding and CLIP.</summary>
    GeluErf,

    /// <summary><c>x / (1 + exp(-x))</c>: time embedding and VAE.</summary>
    Silu,

    /// <summary><c>max(x, 0)</c>: TAEHV.</summary>
    Relu,
}
