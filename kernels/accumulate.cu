// accumulate: sum[i] += term[i]
//
//   sum        [n]   RF_T
//   term       [n]   RF_W
//
// RF_T and RF_W are float or bf16; the sum is float, rounded once. Threads and RF_N: common/elements.cuh. Launched by the device (CudaDevice.Memory.cs) for Accumulate.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,4
#include "common/elements.cuh"

extern "C" __global__ void accumulate_forward(RF_T* __restrict__ sum, const RF_W* __restrict__ term, long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float u[RF_N], v[RF_N];
    load_floats(sum + at, u);
    load_floats(term + at, v);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        u[i] += v[i];
    }

    store_floats(sum + at, u);
}
