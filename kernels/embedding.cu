// embedding: y[r, c] = table[ids[r], c]
//
//   y          [R, C]   RF_T
//   table      [V, C]   RF_W
//   ids        [R]      int      0 to V - 1, checked by the launcher
//
// RF_T is float or bf16, RF_W any float type; rounded once. A thread makes RF_N columns; C and all addresses fit accesses of that many.
// Grid: (columns in blocks, rows, 1), rows in steps of gridDim.y. Launched by Embedding.cs.
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
