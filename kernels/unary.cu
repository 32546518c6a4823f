// unary: y[i] = activation(x[i])
//
//   y, x       [n]   RF_T     float inside, rounded once
//
// RF_T is float or bf16, RF_ACTIVATION a number of activation.cuh. Threads and RF_N: common/elements.cuh. Launched by Unary.cs.
//
// Backward: dx[i] = dy[i] * activation'(x[i]).
//
// Variants: RF_T=float,bf16 RF_ACTIVATION=1,2,3,4 RF_N=1,8
#include "common/activation_slope.cuh"
#include "common/elements.cuh"

extern "C" __global__ void unary_forward(RF_T* __restrict__ y, const RF_T* __restrict__ x, long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float v[RF_N];
    load_floats(x + at, v);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        v[i] = activate<RF_ACTIVATION, RF_T>(v[i]);
    }

    store_floats(y + at, v);
}

extern "C" __global__ void unary_backward(RF_T* __restrict__ dx, const RF_T* __restrict__ dy, const RF_T* __restrict__ x, long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float d[RF_N], v[RF_N];
    load_floats(dy + at, d);
    load_floats(x + at, v);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        d[i] *= activation_slope<RF_ACTIVATION>(v[i]);
    }

    store_floats(dx + at, d);
}
