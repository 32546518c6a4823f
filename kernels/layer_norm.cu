// layer_norm: y[r, c] = (x[r, c] - mean[r]) * rstd[r] * weight[c] + bias[c],   rstd[r] = rsqrt(var_c x[r, c] + eps), biased variance
//
//   y, x       [R, C]   RF_T     a row is shared by RF_WARPS warps
//   weight     [C]      RF_W     null for none
//   bias       [C]      RF_B     null for none
//
// RF_T is float or bf16; everything is float and rounded once. C and all addresses fit accesses of RF_N elements. Launched by LayerNorm.cs.
//
// Backward: common/norm_gradient.cuh, one group, factor weight[c] or 1. Launched by NormGradient.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_B=RF_W RF_N=1,8 RF_WARPS=1,4
#include "common/norm_gradient.cuh"

extern "C" __global__ void layer_norm_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, const RF_B* __restrict__ bias,
    long long rows, int channels, float eps)
{
    __shared__ float shared[RF_WARPS];
    long long row = row_index();
    if (row >= rows)
    {
        return;
    }

    x += row * channels;
    y += row * channels;
    float2 norm = mean_and_inverse(x, channels, eps, shared);
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            v[i] = __fmul_rn(v[i] - norm.x, norm.y);
        }

        if (weight != nullptr)
        {
            float w[RF_N];
            load_floats(weight + c, w);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                v[i] = __fmul_rn(v[i], w[i]);
            }
        }

        if (bias != nullptr)
        {
            float b[RF_N];
            load_floats(bias + c, b);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                v[i] += b[i];
            }
        }

        store_floats(y + c, v);
    }
}

extern "C" __global__ void layer_norm_backward(
    RF_T* __restrict__ dx, float* __restrict__ partial, const RF_T* __restrict__ dy, const RF_T* __restrict__ x, const RF_W* __restrict__ weight,
    long long rows, long long each, int parts, int channels, float eps)
{
    differentiate_norm<1, 2>(dx, partial, dy, x, rows, each, parts, channels, eps, [&](long long, int c, float (&f)[RF_N]) {
        if (weight != nullptr)
        {
            load_floats(weight + c, f);
            return;
        }

#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            f[i] = 1.0f;
        }
    });
}
