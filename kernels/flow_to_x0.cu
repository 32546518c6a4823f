// flow_to_x0: y[r, i] = noisy[r, i] - sigma[r] * flow[r, i]
//
//   y, flow    [R, n]   RF_T
//   noisy      [R, n]   RF_W
//   sigma      [R]      float    0 to 1
//
// RF_T and RF_W are float or bf16; product and difference are double, rounded once to float and once to RF_T.
// Threads and RF_N: common/elements.cuh over R * n; RF_N divides n. Launched by FlowToX0.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,4
#include "common/elements.cuh"

extern "C" __global__ void flow_to_x0_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ flow, const RF_W* __restrict__ noisy, const float* __restrict__ sigma,
    long long count, long long entry)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    double level = sigma[at / entry];
    float v[RF_N], x[RF_N];
    load_floats(flow + at, v);
    load_floats(noisy + at, x);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        x[i] = (float)((double)x[i] - level * (double)v[i]);
    }

    store_floats(y + at, x);
}
