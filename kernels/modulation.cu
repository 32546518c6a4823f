// modulation: m[k, f, c] = table[k, c] + e[f, k, c], or + e[f, c] if the embedding is shared
//
//   m          [K, F, C]   RF_T
//   table      [K, C]      RF_W
//   e          [F, K, C]   RF_T     [F, C] if shared
//
// RF_T is float or bf16; the sum is float, rounded once. A thread makes RF_N columns; C and all addresses fit accesses of that many.
// Grid: (columns in blocks, K * F, 1), rows in steps of gridDim.y. Launched by Modulation.cs.
//
// Backward: de[f, k, c] = dm[k, f, c], or de[f, c] = sum_k dm[k, f, c] if the embedding is shared; grid over the rows of de.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,4
#include "common/pack.cuh"

extern "C" __global__ void modulation_forward(
    RF_T* __restrict__ m, const RF_W* __restrict__ table, const RF_T* __restrict__ e, int kinds, long long frames, int channels, int shared)
{
    int c = (blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
    if (c >= channels)
    {
        return;
    }

    for (long long row = blockIdx.y; row < kinds * frames; row += gridDim.y)
    {
        long long kind = row / frames;
        long long frame = row % frames;
        float a[RF_N], b[RF_N];
        load_floats(table + kind * channels + c, a);
        load_floats(e + (shared ? frame : frame * kinds + kind) * channels + c, b);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            a[i] += b[i];
        }

        store_floats(m + row * channels + c, a);
    }
}

extern "C" __global__ void modulation_backward(RF_T* __restrict__ de, const RF_T* __restrict__ dm, int kinds, long long frames, int channels, int shared)
{
    int c = (blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
    if (c >= channels)
    {
        return;
    }

    long long rows = shared ? frames : kinds * frames;
    for (long long row = blockIdx.y; row < rows; row += gridDim.y)
    {
        int first = shared ? 0 : (int)(row % kinds);
        long long frame = shared ? row : row / kinds;
        float sums[RF_N] = {};
        for (int kind = first; kind < (shared ? kinds : first + 1); kind++)
        {
            float v[RF_N];
            load_floats(dm + (kind * frames + frame) * channels + c, v);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                sums[i] += v[i];
            }
        }

        store_floats(de + row * channels + c, sums);
    }
}
