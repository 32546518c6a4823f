// cast: y[i] = x[i]
//
//   y          [n]   RF_T
//   x          [n]   RF_W
//
// RF_T and RF_W are float, bf16, f16 or f8; one rounding. Threads and RF_N: common/elements.cuh. Launched by Cast.cs.
//
// Variants: RF_T=float RF_W=bf16,f16,f8 RF_N=1,8
// Variants: RF_T=bf16,f16,f8 RF_W=float RF_N=1,8
#include "common/elements.cuh"

extern "C" __global__ void cast_forward(RF_T* __restrict__ y, const RF_W* __restrict__ x, long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float v[RF_N];
    load_floats(x + at, v);
    store_floats(y + at, v);
}
