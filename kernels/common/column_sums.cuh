// Sums over rows, as gradients of what is repeated along rows are, in a fixed order. Twin of ColumnSums.Cuda.cs.
//
// Groups of `rows` consecutive rows have sums of their own, and are cut into parts of `each` rows. Grid: (blocks of columns of all groups,
// parts); block: 32 lanes of RF_N columns by 8 lines, of which each takes every eighth row.
#pragma once

#include "common/pack.cuh"

#define COLUMN_LINES 8

// The sums of a part go to partial[group, part, c]; null for sums nobody wants. add(row, c, sums) adds what columns c .. of a row contribute.
template <typename ADD>
__device__ __forceinline__ void sum_columns(float* partial, long long rows, long long each, int channels, ADD add)
{
    __shared__ float lines[COLUMN_LINES][RF_N][32];
    int across = (channels + 32 * RF_N - 1) / (32 * RF_N);
    long long group = blockIdx.x / across;
    int c = (blockIdx.x % across * 32 + threadIdx.x) * RF_N;
    long long begin = blockIdx.y * each;
    long long end = begin + each < rows ? begin + each : rows;
    float sums[RF_N] = {};
    for (long long row = begin + threadIdx.y; row < end && c < channels; row += COLUMN_LINES)
    {
        add(group * rows + row, c, sums);
    }

#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        lines[threadIdx.y][i][threadIdx.x] = sums[i];
    }

    __syncthreads();
    if (threadIdx.y == 0 && c < channels && partial != nullptr)
    {
#pragma unroll
        for (int line = 1; line < COLUMN_LINES; line++)
        {
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                sums[i] += lines[line][i][threadIdx.x];
            }
        }

        store_floats(partial + (group * gridDim.y + blockIdx.y) * channels + c, sums);
    }
}
