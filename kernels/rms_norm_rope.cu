// rms_norm_rope: y = rope(rms_norm(x)), the norm over all heads of a token, rounded where the two ops round
//
//   y, x       [R, N D]   RF_T      y may lie in the key cache, whose tokens have the same layout; R tokens of one sample
//   weight     [N D]      RF_W
//   table      see common/rope.cuh and rope.cu
//
// RF_T is float or bf16. A row is shared by RF_WARPS warps; D and all addresses fit accesses of RF_N channels.
// Launched by RmsNormRope.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=2,8 RF_WARPS=1,4
#include "common/rms.cuh"
#include "common/rope.cuh"

extern "C" __global__ void rms_norm_rope_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, const float2* __restrict__ table,
    long long rows, int tokens, int channels, int head_dim, int frames, int height, int width, int time, int plane, float eps)
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
    int token = (int)(row % tokens);
    bool rotates = token < frames * height * width;
    rope_place place = rotates ? place_of(token, frames, height, width, time, plane) : rope_place();
    FOR_COLUMNS(c)
    {
        float v[RF_N], w[RF_N];
        load_floats(x + c, v);
        load_floats(weight + c, w);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            v[i] = round_to<RF_T>(__fmul_rn(round_to<RF_T>(v[i] * rstd), w[i]));
        }

        if (rotates)
        {
            rotate(v, c % head_dim, place, table, time, plane);
        }

        store_floats(y + c, v);
    }
}
