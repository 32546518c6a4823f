// to_frames: y[i] = trunc(clamp(255 * (0.5 x[i] + 0.5), 0, 255)), NaN gives 0
//
//   y          [n]   byte
//   x          [n]   RF_T
//
// RF_T is float or bf16; float inside. Threads and RF_N: common/elements.cuh. Launched by ToFrames.cs.
//
// Variants: RF_T=float,bf16 RF_N=1,4
#include "common/elements.cuh"

__device__ __forceinline__ uint level(float x)
{
    float value = __fmul_rn(255.0f, __fadd_rn(__fmul_rn(0.5f, x), 0.5f));
    return value >= 255.0f ? 255u : value > 0.0f ? (uint)value : 0u;
}

extern "C" __global__ void to_frames_forward(byte* __restrict__ y, const RF_T* __restrict__ x, long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float v[RF_N];
    load_floats(x + at, v);
    uint levels = 0;
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        levels |= level(v[i]) << (8 * i);
    }

    chunk<RF_N>::type packed;
    move_words(&levels, packed);
    *(chunk<RF_N>::type*)(y + at) = packed;
}
