// Derivatives of the activations in float. Twin of ActivationDerivatives.cs.
#pragma once

#include "common/activation.cuh"

// With s = 1 / (1 + exp(-x)): s (1 + x (1 - s)), where 1 - s is 1 / (1 + exp(x)), so that nothing cancels.
__device__ __forceinline__ float silu_slope(float x)
{
    float s = 1.0f / (1.0f + expf(-x));
    float rest = 1.0f / (1.0f + expf(x));
    return s * fmaf(x, rest, 1.0f);
}

// With p = 1 / (1 + exp(-2u)) = 0.5 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3): p + x p (1 - p) 2 u'.
__device__ __forceinline__ float gelu_tanh_slope(float x)
{
    float twice = 1.5957691216057308f * fmaf(x * x * x, 0.044715f, x);
    float p = 1.0f / (1.0f + expf(-twice));
    float rest = 1.0f / (1.0f + expf(twice));
    float slope = 1.5957691216057308f * fmaf(x * x, 3.0f * 0.044715f, 1.0f);
    return p * fmaf(x * rest, slope, 1.0f);
}

// Phi(x) + x phi(x).
__device__ __forceinline__ float gelu_erf_slope(float x)
{
    return fmaf(x * 0.3989422804f, expf(-0.5f * x * x), 0.5f * erfcf(x * -0.70710678f));
}

template <int ACTIVATION>
__device__ __forceinline__ float activation_slope(float x)
{
    if constexpr (ACTIVATION == ACTIVATION_GELU_TANH)
    {
        return gelu_tanh_slope(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_GELU_ERF)
    {
        return gelu_erf_slope(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_SILU)
    {
        return silu_slope(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_RELU)
    {
        return x > 0.0f ? 1.0f : 0.0f;
    }
    else
    {
        return 1.0f;
    }
}
