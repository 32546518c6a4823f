// embedding: y[r, c] = table[ids[r], c]
//
//   y          [R, C]   RF_T
//   table      [V, C]   RF_W
//   ids        [R]      int      0 to V - 1, checked by the launcher
//
// RF_T is float or bf16, RF_W any float type; rounded once. A thread makes RF_N columns; C and all addresses fit accesses of that many.
// Grid: (columns in blocks, rows, 1), rows in steps of gridDim.y. Launched by Embedding.cs.
//
// Backward: dtable[used[u], c] = sum of dy[places[i], c] over first[u] <= i < first[u + 1], in this order; other rows are left alone.
//   dtable     [V, C]   RF_W
//   used       [U]      int      rows that were looked up, each once
//   first      [U + 1]  int      where the places of each begin
//   places     [R]      int      rows of dy
//
// Variants: RF_T=float,bf16 RF_W=float,bf16,f16,f8 RF_N=1,8
#include "common/pack.cuh"

extern "C" __global__ void embedding_forward(
    RF_T* __restrict__ y, const RF_W* __restrict__ table, const int* __restrict__ ids, long long rows, int channels)
{
    int c = (blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
    if (c >= channels)
    {
        return;
    }

    for (long long row = blockIdx.y; row < rows; row += gridDim.y)
    {
        float v[RF_N];
        load_floats(table + (long long)ids[row] * channels + c, v);
        store_floats(y + row * channels + c, v);
    }
}

extern "C" __global__ void embedding_backward(
    RF_W* __restrict__ dtable, const RF_T* __restrict__ dy, const int* __restrict__ used, const int* __restrict__ first,
    const int* __restrict__ places, int count, int channels)
{
    int c = (blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
    if (c >= channels)
    {
        return;
    }

    for (int row = blockIdx.y; row < count; row += gridDim.y)
    {
        float sums[RF_N] = {};
        for (int i = first[row]; i < first[row + 1]; i++)
        {
            float v[RF_N];
            load_floats(dy + (long long)places[i] * channels + c, v);
#pragma unroll
            for (int k = 0; k < RF_N; k++)
            {
                sums[k] += v[k];
            }
        }

        store_floats(dtable + (long long)used[row] * channels + c, sums);
    }
}
