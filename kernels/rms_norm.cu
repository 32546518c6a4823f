// rms_norm: y[r, c] = round(x[r, c] * rstd[r]) * weight[c],   rstd[r] = rsqrt(mean_c x[r, c]^2 + eps)
//
//   y, x       [R, C]   RF_T     a row is shared by RF_WARPS warps
//   weight     [C]      RF_W
//
// RF_T is float or bf16; sums are float. round is to RF_T. C and all addresses fit accesses of RF_N elements. Launched by RmsNorm.cs.
//
// Backward: common/norm_gradient.cuh, one group, factor weight[c]; nothing is rounded but dx. Launched by NormGradient.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,8 RF_WARPS=1,4
#include "common/norm_gradient.cuh"

extern "C" __global__ void rms_norm_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, long long rows, int channels, float eps)
{
    __shared__ float shared[RF_WARPS];
    long long row = row_index();
    if (row >= rows)
    {
        return;
    }

    x += row * channels;
    y += row * channels;
    float rstd = inverse_rms(x, channels, eps, shared);

    // The second reading comes from the first-level cache: a row is a few kilobytes.
    FOR_COLUMNS(c)
    {
        float v[RF_N], w[RF_N];
        load_floats(x + c, v);
        load_floats(weight + c, w);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            v[i] = __fmul_rn(round_to<RF_T>(v[i] * rstd), w[i]);
        }

        store_floats(y + c, v);
    }
}

extern "C" __global__ void rms_norm_backward(
    RF_T* __restrict__ dx, float* __restrict__ partial, const RF_T* __restrict__ dy, const RF_T* __restrict__ x, const RF_W* __restrict__ weight,
    long long rows, long long each, int parts, int channels, float eps)
{
    differentiate_norm<0, 1>(dx, partial, dy, x, rows, each, parts, channels, eps, [&](long long, int c, float (&f)[RF_N]) { load_floats(weight + c, f); });
}
