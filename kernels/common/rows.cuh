// Which row a thread works on, for kernels over [R, C]. RF_N elements are moved with one access; a row is shared by RF_WARPS warps.
//
// Block: (32 * RF_WARPS, rows of a block); only RF_WARPS = 1 has more than one row to a block. Grid: (blocks, 1).
#pragma once

#include "common/pack.cuh"
#include "common/reduce.cuh"

#define ROW_STEP (32 * RF_WARPS * RF_N)

__device__ __forceinline__ long long row_index()
{
    return (long long)blockIdx.x * blockDim.y + threadIdx.y;
}

// Rows past the end are left by whole warps, so the shuffles of the others stay complete; with several warps no row is past the end.
#define FOR_COLUMNS(c) for (int c = threadIdx.x * RF_N; c < channels; c += ROW_STEP)
