// sink_update: sink[i] = round(keep * sink[i]) + round(add * evicted[i]), in place
//
//   sink       [n]   RF_T
//   evicted    [n]   RF_W
//   keep, add        alpha and 1 - alpha
//
// RF_T and RF_W are float or bf16; round is to RF_T. Threads and RF_N: common/elements.cuh. Launched by SinkUpdate.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,4
#include "common/elements.cuh"

extern "C" __global__ void sink_update_forward(RF_T* __restrict__ sink, const RF_W* __restrict__ evicted, long long count, float keep, float add)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float old[RF_N], v[RF_N];
    load_floats(sink + at, old);
    load_floats(evicted + at, v);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        v[i] = __fadd_rn(round_to<RF_T>(__fmul_rn(old[i], keep)), round_to<RF_T>(__fmul_rn(v[i], add)));
    }

    store_floats(sink + at, v);
}
