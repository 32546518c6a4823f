// gated_gelu: y[i] = up[i] * gelu_tanh(gate[i])
//
//   y, gate, up   [n]   RF_T     with bf16 every primitive of the GELU is rounded, as the reference evaluates it
//
// RF_T is float or bf16. Threads and RF_N: common/elements.cuh. Launched by GatedGelu.cs.
//
// Backward: dup[i] = dy[i] * gelu(gate[i]), dgate[i] = dy[i] * up[i] * gelu'(gate[i]), of the GELU that is not rounded; either may be null.
//
// Variants: RF_T=float,bf16 RF_N=1,8
#include "common/activation_slope.cuh"
#include "common/elements.cuh"

__device__ __forceinline__ float gelu(float x, float)
{
    return gelu_tanh<float>(x);
}

// The same steps as GatedGelu.SteppedGelu.
__device__ __forceinline__ float gelu(float x, bf16)
{
    float cube = round_to<bf16>(__fmul_rn(__fmul_rn(x, x), x));
    float sum = round_to<bf16>(x + round_to<bf16>(__fmul_rn(cube, 0.044715f)));
    float tangent = round_to<bf16>(tanhf(round_to<bf16>(__fmul_rn(sum, 0.7978845608028654f))));
    return round_to<bf16>(__fmul_rn(round_to<bf16>(__fmul_rn(x, 0.5f)), round_to<bf16>(1.0f + tangent)));
}

extern "C" __global__ void gated_gelu_forward(RF_T* __restrict__ y, const RF_T* __restrict__ gate, const RF_T* __restrict__ up, long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float g[RF_N], u[RF_N];
    load_floats(gate + at, g);
    load_floats(up + at, u);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        u[i] *= gelu(g[i], RF_T());
    }

    store_floats(y + at, u);
}

extern "C" __global__ void gated_gelu_backward(
    RF_T* __restrict__ dgate, RF_T* __restrict__ dup, const RF_T* __restrict__ dy, const RF_T* __restrict__ gate, const RF_T* __restrict__ up,
    long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float d[RF_N], g[RF_N], result[RF_N];
    load_floats(dy + at, d);
    load_floats(gate + at, g);
    if (dup != nullptr)
    {
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            result[i] = d[i] * gelu_tanh<float>(g[i]);
        }

        store_floats(dup + at, result);
    }

    if (dgate != nullptr)
    {
        load_floats(up + at, result);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            result[i] *= d[i] * gelu_tanh_slope(g[i]);
        }

        store_floats(dgate + at, result);
    }
}
