// C = A^T B for one tile of C on the tensor cores, A and B lying with the summed dimension outermost: the gradient of a weight, whose
// depth are the rows of activations. Twin of product.cuh, whose threads, tiles, stages and sums it takes.
//
// A slice is 32 rows of RF_TILE_M and RF_TILE_N elements, multiples of 64; chunk c of row r (16 bytes) is stored at c ^ (r % 8), so that eight
// rows of one chunk touch all banks once. Matrices are transposed on their way to registers.
#pragma once

#include "common/product.cuh"

// Where this thread's copies of a slice of WIDTH elements go: chunk threadIdx.x % (WIDTH / 8) of row threadIdx.x / (WIDTH / 8) and of every
// DEEP_ROWS(WIDTH)-th after it, a step that leaves the swizzle as it is.
#define DEEP_ROWS(WIDTH) (PRODUCT_THREADS / ((WIDTH) / 8))

template <int WIDTH>
__device__ __forceinline__ uint deep_address(uint tile, int row, int chunk)
{
    return tile + row * (WIDTH * 2) + ((chunk ^ (row % 8)) * 16);
}

// `left` and `right` are this lane's addresses in the slices of A and B, in the first 16 rows.
__device__ __forceinline__ void multiply_deep_slice(product_sums& sums, uint left, uint right)
{
#pragma unroll
    for (int k = 0; k < SLICE / 16; k++)
    {
        // A step of 16 columns is two chunks: a bit the swizzle and the quarter of the warp leave alone.
        uint a[WARP_M / 16][4];
#pragma unroll
        for (int m = 0; m < WARP_M / 16; m++)
        {
            load_matrices_transposed(a[m], (left + k * 16 * (RF_TILE_M * 2)) ^ (m * 32));
        }

#pragma unroll
        for (int n = 0; n < WARP_N / 16; n++)
        {
            uint b[4];
            load_matrices_transposed(b, (right + k * 16 * (RF_TILE_N * 2)) ^ (n * 32));
#pragma unroll
            for (int m = 0; m < WARP_M / 16; m++)
            {
                multiply_add(sums[m][2 * n], a[m], b[0], b[1]);
                multiply_add(sums[m][2 * n + 1], a[m], b[2], b[3]);
            }
        }
    }
}

// load(left, right) starts the copies of the next slice to shared memory, from the first to the last.
template <typename LOAD>
__device__ __forceinline__ void multiply_deep(product_sums& sums, uint shared, int slices, LOAD load)
{
    int lane = threadIdx.x % 32;
    uint left = deep_address<RF_TILE_M>(shared, lane / 16 * 8 + lane % 8, threadIdx.x / 64 * (WARP_M / 8) + lane / 8 % 2);
    uint right = deep_address<RF_TILE_N>(shared + LEFT_BYTES, lane / 8 % 2 * 8 + lane % 8, threadIdx.x / 32 % 2 * (WARP_N / 8) + lane / 16);
    multiply_slices(sums, shared, slices, load, [&](uint stage) { multiply_deep_slice(sums, left + stage, right + stage); });
}
