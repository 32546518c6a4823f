// add_noise: y[r, i] = (1 - sigma[r]) * x0[r, i] + sigma[r] * noise[r, i]
//
//   y, noise   [R, n]   RF_T
//   x0         [R, n]   RF_W
//   sigma      [R]      float    0 to 1
//
// RF_T and RF_W are float or bf16. Each product and the sum is rounded to float, as the reference does, then to RF_T.
// Threads and RF_N: common/elements.cuh over R * n; RF_N divides n. Launched by AddNoise.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,4
#include "common/elements.cuh"

extern "C" __global__ void add_noise_forward(
    RF_T* __restrict__ y, const RF_W* __restrict__ x0, const RF_T* __restrict__ noise, const float* __restrict__ sigma,
    long long count, long long entry)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float add = sigma[at / entry];
    float keep = 1.0f - add;
    float x[RF_N], e[RF_N];
    load_floats(x0 + at, x);
    load_floats(noise + at, e);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        x[i] = __fadd_rn(__fmul_rn(keep, x[i]), __fmul_rn(add, e[i]));
    }

    store_floats(y + at, x);
}
