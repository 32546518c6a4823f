// entry_scale: y[r, i] = factor[r] * x[r, i], the gradient of what has one noise level for each entry
//
//   y          [R, n]   RF_T
//   x          [R, n]   RF_W
//   factor     [R]      float
//
// RF_T and RF_W are float or bf16; rounded once. Threads and RF_N: common/elements.cuh over R * n; RF_N divides n. Launched by EntryScale.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,4
#include "common/elements.cuh"

extern "C" __global__ void entry_scale_backward(
    RF_T* __restrict__ y, const RF_W* __restrict__ x, const float* __restrict__ factor, long long count, long long entry)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float scale = factor[at / entry];
    float v[RF_N];
    load_floats(x + at, v);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        v[i] *= scale;
    }

    store_floats(y + at, v);
}
