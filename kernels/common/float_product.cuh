// C = A B^T for one tile of C in float: for F32, for element types the tensor cores do not multiply without loss, and for rows that
// are not aligned. The slow, exact twin of product.cuh.
//
// A block of 256 threads makes 64 x 64, each thread 4 x 4; 16 columns of A and B at a time, widened to float on the way to shared
// memory, where they lie transposed so that a thread reads its four rows as one word of 16 bytes. Each slice is summed by itself and then
// added: a chain of thousands of roundings becomes one of hundreds, which a deep decoder of few channels needs.
#pragma once

#include "common/bf16.cuh"

#define FLOAT_THREADS 256
#define FLOAT_TILE 64
#define FLOAT_SLICE 16

typedef float float_slice[FLOAT_SLICE][FLOAT_TILE + 4];

// fill(k0, a, b) writes columns k0 .. of the tile's rows of A and B; finish(row, column, sums) takes four columns of a row.
template <typename FILL, typename FINISH>
__device__ __forceinline__ void multiply_float_slices(long long depth, FILL fill, FINISH finish)
{
    __shared__ float_slice a;
    __shared__ float_slice b;
    int row = threadIdx.x / 16 * 4;
    int column = threadIdx.x % 16 * 4;
    float sums[4][4] = {};
    for (long long k0 = 0; k0 < depth; k0 += FLOAT_SLICE)
    {
        // Nobody reads the slice before any more.
        __syncthreads();
        fill(k0, a, b);
        __syncthreads();
        float part[4][4] = {};
#pragma unroll
        for (int step = 0; step < FLOAT_SLICE; step++)
        {
            float4 u = *(const float4*)&a[step][row];
            float4 v = *(const float4*)&b[step][column];
            float us[4] = {u.x, u.y, u.z, u.w};
            float vs[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
            for (int m = 0; m < 4; m++)
            {
#pragma unroll
                for (int n = 0; n < 4; n++)
                {
                    part[m][n] = fmaf(us[m], vs[n], part[m][n]);
                }
            }
        }

#pragma unroll
        for (int m = 0; m < 4; m++)
        {
#pragma unroll
            for (int n = 0; n < 4; n++)
            {
                sums[m][n] += part[m][n];
            }
        }
    }

#pragma unroll
    for (int m = 0; m < 4; m++)
    {
        finish(row + m, column, sums[m]);
    }
}

// left(row, k) and right(column, k) give elements of the tile, zero outside.
template <typename LEFT, typename RIGHT, typename FINISH>
__device__ __forceinline__ void multiply_floats(long long depth, LEFT left, RIGHT right, FINISH finish)
{
    multiply_float_slices(
        depth,
        [&](long long k0, float_slice& a, float_slice& b) {
            int k = threadIdx.x % FLOAT_SLICE;
#pragma unroll
            for (int i = 0; i < FLOAT_TILE; i += FLOAT_THREADS / FLOAT_SLICE)
            {
                int line = threadIdx.x / FLOAT_SLICE + i;
                a[k][line] = left(line, k0 + k);
                b[k][line] = right(line, k0 + k);
            }
        },
        finish);
}
