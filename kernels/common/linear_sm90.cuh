// Rows of x times rows of weight on the tensor cores of sm_90a, for linear_sm90 and fused_mlp_sm90: finish(row, column, floats) takes eight
// sums of a row.
#pragma once

#define RF_SLICE 64

#include "common/product_sm90.cuh"

#define LINEAR_THREADS PRODUCT_THREADS

typedef product_run linear_sums;

template <typename FINISH>
__device__ __forceinline__ void multiply_rows(
    const tensor_map* x, const tensor_map* weight, long long rows, int outputs, int inputs, FINISH finish)
{
    int row0 = blockIdx.x * TILE_ROWS;
    int column0 = blockIdx.y * RF_TILE_N;
    multiply_tile(
        (inputs + RF_SLICE - 1) / RF_SLICE, (int)rows - row0,
        [&](uint left, uint right, ulong* barrier, int slice) {
            copy_box(left, x, barrier, slice * RF_SLICE, row0);
            copy_box(right, weight, barrier, slice * RF_SLICE, column0);
        },
        [&](int row, int column, linear_sums& values) { finish((long long)row0 + row, column0 + column, values); });
}
