// Rows of x times rows of weight on the tensor cores, for linear and fused_mlp: finish(row, column, floats) takes eight sums of a row.
#pragma once

#include "common/product.cuh"

#define LINEAR_THREADS PRODUCT_THREADS

// Sums of neighbouring columns that are finished together.
typedef float linear_sums[8];

template <typename FINISH>
__device__ __forceinline__ void multiply_rows(const RF_T* x, const RF_W* weight, long long rows, int outputs, int inputs, FINISH finish)
{
    extern __shared__ __align__(128) byte shared[];
    long long row0 = (long long)blockIdx.x * RF_TILE_M;
    int column0 = blockIdx.y * RF_TILE_N;
    int first = threadIdx.x / 4;
    int k = threadIdx.x % 4 * 8;
    const bf16* left_at = x + (row0 + first) * inputs + k;
    const bf16* right_at = weight + (long long)(column0 + first) * inputs + k;
    uint place = copy_place();
    product_sums sums;
    multiply(sums, shared_address(shared), (inputs + SLICE - 1) / SLICE, [&](uint left, uint right) {
        copy_rows<RF_TILE_M>(left + place, left_at, inputs, rows - row0 - first, k < inputs, x);
        copy_rows<RF_TILE_N>(right + place, right_at, inputs, outputs - column0 - first, k < inputs, weight);
        left_at += SLICE;
        right_at += SLICE;
        k += SLICE;
    });

    finish_product(sums, (float*)shared, [&](int row, int column, float (&values)[8]) {
        if (row0 + row < rows)
        {
            finish(row0 + row, column0 + column, values);
        }
    });
}
