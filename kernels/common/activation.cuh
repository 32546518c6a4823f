// Activations in float. Twin of Activation.cs and VectorMath.cs; RF_ACTIVATION is the number of the enum's value.
#pragma once

#include "common/bf16.cuh"

#define ACTIVATION_NONE 0
#define ACTIVATION_GELU_TANH 1
#define ACTIVATION_GELU_ERF 2
#define ACTIVATION_SILU 3
#define ACTIVATION_RELU 4

// x / (1 + exp(-y)), T being what it is rounded to afterwards: bfloat16 takes the special function units, which are right to some 2^-20.
template <typename T>
__device__ __forceinline__ float logistic_product(float x, float y)
{
    return x / (1.0f + expf(-y));
}

template <>
__device__ __forceinline__ float logistic_product<bf16>(float x, float y)
{
    return __fdividef(x, 1.0f + __expf(-y));
}

// 0.5 x (1 + tanh(u)) = x / (1 + exp(-2 u)), u = sqrt(2/pi) (x + 0.044715 x^3): nothing cancels for very negative x.
template <typename T>
__device__ __forceinline__ float gelu_tanh(float x)
{
    return logistic_product<T>(x, 1.5957691216057308f * fmaf(x * x * x, 0.044715f, x));
}

// 0.5 x (1 + erf(x / sqrt(2))), by erfc so that nothing cancels.
__device__ __forceinline__ float gelu_erf(float x)
{
    float magnitude = fabsf(x);
    return fmaxf(x, 0.0f) - 0.5f * magnitude * erfcf(magnitude * 0.70710678f);
}

template <int ACTIVATION, typename T>
__device__ __forceinline__ float activate(float x)
{
    if constexpr (ACTIVATION == ACTIVATION_GELU_TANH)
    {
        return gelu_tanh<T>(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_GELU_ERF)
    {
        return gelu_erf(x);
    }
    else if constexpr (ACTIVATION == ACTIVATION_SILU)
    {
        return logistic_product<T>(x, x);
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
