// Activations in float. Twin of Activation.cs and VectorMath.cs; RF_ACTIVATION is the number of the enum's value.
#pragma once

#define ACTIVATION_NONE 0
#define ACTIVATION_GELU_TANH 1
#define ACTIVATION_GELU_ERF 2
#define ACTIVATION_SILU 3
#define ACTIVATION_RELU 4


// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). 1 + tanh cancels for very negative x; the networks were trained with that.
__device__ __forceinline__ float gelu_tanh(float x)
{
    float inner = 0.7978845608028654f * fmaf(x * x * x, 0.044715f, x);
    return 0.5f * x * (1.0f + tanhf(inner));
}

// 0.5 x (1 + erf(x / sqrt(2))), by erfc so that nothing cancels.
__device__ __forceinline__ float gelu_erf(float x)
{
    float magnitude = fabsf(x);
    return fmaxf(x, 0.0f) - 0.5f * magnitude * erfcf(magnitude * 0.70710678f);
}

__device__ __forceinline__ float silu(float x)
{
    return x / (1.0f + expf(-x));
}

template <int ACTIVATION>
__device__ __forceinline__ float activate(float x)
{
    if constexpr (ACTIVATION == ACTIVATION_GELU_TANH)
    {
        return gelu_tanh(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_GELU_ERF)
    {
        return gelu_erf(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_SILU)
    {
        return silu(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_RELU)
    {
        return fmaxf(x, 0.0f);
    }
    else
    {
        return x;
    }
}
