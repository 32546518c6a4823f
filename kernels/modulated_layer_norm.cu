// modulated_layer_norm: y[r, c] = round(round(LN(x)[r, c]) * round(1 + scale[f, c])) + shift[f, c],   f = r / tokens
//
//   y, x           [R, C]   RF_T           a row is shared by RF_WARPS warps
//   shift, scale   [F, C]   RF_W, RF_B     one row per latent frame of `tokens` consecutive rows
//
// RF_T is float or bf16; round is to RF_T. C and all addresses fit accesses of RF_N elements. Launched by ModulatedLayerNorm.cs.
//
// Backward: common/norm_gradient.cuh, one group to a frame, factor 1 + scale[f, c]; nothing is rounded but dx.
// Launched by NormGradient.cs.
//
// Variants: RF_T=float,bf16 RF_W=RF_T RF_B=RF_T RF_N=1,8 RF_WARPS=1,4
#include "common/norm_gradient.cuh"

extern "C" __global__ void modulated_layer_norm_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ shift, const RF_B* __restrict__ scale,
    long long rows, int channels, int tokens, float eps)
{
    __shared__ float shared[RF_WARPS];
    long long row = row_index();
    if (row >= rows)
    {
        return;
    }

    x += row * channels;
    y += row * channels;
    long long frame = row / tokens * channels;
    float2 norm = mean_and_inverse(x, channels, eps, shared);
    FOR_COLUMNS(c)
    {
        float v[RF_N], m0[RF_N], m1[RF_N];
        load_floats(x + c, v);
        load_floats(shift + frame + c, m0);
        load_floats(scale + frame + c, m1);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            float normal = round_to<RF_T>(__fmul_rn(v[i] - norm.x, norm.y));
            v[i] = round_to<RF_T>(__fmul_rn(normal, round_to<RF_T>(1.0f + m1[i]))) + m0[i];
        }

        store_floats(y + c, v);
    }
}

extern "C" __global__ void modulated_layer_norm_backward(
    RF_T* __restrict__ dx, float* __restrict__ partial, const RF_T* __restrict__ dy, const RF_T* __restrict__ x, const RF_B* __restrict__ scale,
    long long rows, long long each, int parts, int channels, float eps)
{
    differentiate_norm<1, 2>(dx, partial, dy, x, rows, each, parts, channels, eps, [&](long long group, int c, float (&f)[RF_N]) {
        load_floats(scale + group * channels + c, f);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            f[i] += 1.0f;
        }
    });
}
