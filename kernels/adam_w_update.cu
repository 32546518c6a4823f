// adam_w_update: one step of AdamW, in place
//
//   parameter  [n]   float
//   grad       [n]   float
//   first      [n]   float    mean of gradients; not touched unless RF_MOMENTUM
//   second     [n]   float    mean of squares
//   rest             AdamWNumbers.cs
//
// Products and sums in the order of the host's, each rounded. Threads and RF_N: common/elements.cuh. Launched by AdamWUpdate.cs.
//
// Variants: RF_MOMENTUM=0,1 RF_N=1,4
#include "common/elements.cuh"

extern "C" __global__ void adam_w_update_forward(
    float* __restrict__ parameter, const float* __restrict__ grad, float* __restrict__ first, float* __restrict__ second, long long count,
    float grad_factor, float keep, float rate, float beta1, float rest1, float beta2, float rest2, float inverse_root, float eps)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float p[RF_N], g[RF_N], v[RF_N], m[RF_N];
    load_floats(parameter + at, p);
    load_floats(grad + at, g);
    load_floats(second + at, v);
#if RF_MOMENTUM
    load_floats(first + at, m);
#endif
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        float slope = __fmul_rn(g[i], grad_factor);
        v[i] = __fadd_rn(__fmul_rn(beta2, v[i]), __fmul_rn(__fmul_rn(rest2, slope), slope));
#if RF_MOMENTUM
        slope = __fadd_rn(__fmul_rn(beta1, m[i]), __fmul_rn(rest1, slope));
        m[i] = slope;
#endif
        float divisor = __fadd_rn(__fmul_rn(__fsqrt_rn(v[i]), inverse_root), eps);
        p[i] = __fsub_rn(__fmul_rn(p[i], keep), __fdiv_rn(__fmul_rn(rate, slope), divisor));
    }

    store_floats(parameter + at, p);
    store_floats(second + at, v);
#if RF_MOMENTUM
    store_floats(first + at, m);
#endif
}
