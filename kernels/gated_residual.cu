// gated_residual: y[r, c] = x[r, c] + round(branch[r, c] * gate[f, c]),   f = r / tokens
//
//   y, x, branch   [R, C]   RF_T
//   gate           [F, C]   RF_W     one row per latent frame of `tokens` consecutive rows
//
// RF_T is float or bf16; round is to RF_T. A thread makes RF_N elements; C and all addresses fit accesses of that many.
// Grid: (columns in blocks, rows, 1), rows in steps of gridDim.y. Launched by GatedResidual.cs.
//
// Backward: dbranch[r, c] = dy[r, c] * gate[f, c], and sums of dy[r, c] * branch[r, c] over the rows of a frame; either may be null.
// Grid, partial: common/column_sums.cuh.
//
// Variants: RF_T=float,bf16 RF_W=RF_T RF_N=1,8
#include "common/column_sums.cuh"

extern "C" __global__ void gated_residual_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_T* __restrict__ branch, const RF_W* __restrict__ gate,
    long long rows, int channels, int tokens)
{
    int c = (blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
    if (c >= channels)
    {
        return;
    }

    for (long long row = blockIdx.y; row < rows; row += gridDim.y)
    {
        long long at = row * channels + c;
        float residual[RF_N], v[RF_N], g[RF_N];
        load_floats(x + at, residual);
        load_floats(branch + at, v);
        load_floats(gate + row / tokens * channels + c, g);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            v[i] = residual[i] + round_to<RF_T>(__fmul_rn(v[i], g[i]));
        }

        store_floats(y + at, v);
    }
}

extern "C" __global__ void gated_residual_backward(
    RF_T* __restrict__ dbranch, float* __restrict__ partial, const RF_T* __restrict__ dy, const RF_T* __restrict__ branch,
    const RF_W* __restrict__ gate, long long tokens, long long each, int channels)
{
    sum_columns(partial, tokens, each, channels, [&](long long row, int c, float (&sums)[RF_N]) {
        long long at = row * channels + c;
        float d[RF_N], v[RF_N], g[RF_N];
        load_floats(dy + at, d);
        load_floats(branch + at, v);
        load_floats(gate + row / tokens * channels + c, g);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            sums[i] = fmaf(d[i], v[i], sums[i]);
            d[i] *= g[i];
        }

        if (dbranch != nullptr)
        {
            store_floats(dbranch + at, d);
        }
    });
}
