// Which elements a thread works on, for kernels that go through [n]: RF_N neighbours, moved with one access.
// Grid: ceil(n / (RF_N * blockDim.x)) blocks. n is a multiple of RF_N and all addresses fit accesses of that many elements.
#pragma once

#include "common/pack.cuh"

__device__ __forceinline__ long long first_element()
{
    return ((long long)blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
}

// y[i] = combine(a[i], b[i mod period]) in float, rounded once; RF_N divides the period.
template <typename T, typename W, typename COMBINE>
__device__ __forceinline__ void combine_elements(T* y, const T* a, const W* b, long long count, long long period, COMBINE combine)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float u[RF_N], v[RF_N];
    load_floats(a + at, u);
    load_floats(b + (period == count ? at : at % period), v);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        u[i] = combine(u[i], v[i]);
    }

    store_floats(y + at, u);
}
