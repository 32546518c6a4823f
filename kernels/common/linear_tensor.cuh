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
    product_sums sums;
    multiply(sums, shared_address(shared), (inputs + SLICE - 1) / SLICE, [&](uint left, uint right, int slice) {
        int chunk = threadIdx.x % 4;
        int k = slice * SLICE + chunk * 8;
#pragma unroll
        for (int row = threadIdx.x / 4; row < RF_TILE_M; row += PRODUCT_THREADS / 4)
        {
            bool valid = k < inputs && row0 + row < rows;
            copy_async(slice_address(left, row, chunk), valid ? x + (row0 + row) * inputs + k : x, valid);
        }

#pragma unroll
        for (int row = threadIdx.x / 4; row < RF_TILE_N; row += PRODUCT_THREADS / 4)
        {
            bool valid = k < inputs && column0 + row < outputs;
            copy_async(slice_address(right, row, chunk), valid ? weight + (long long)(column0 + row) * inputs + k : weight, valid);
        }
    });

    finish_product(sums, (float*)shared, [&](int row, int column, float (&values)[8]) {
        if (row0 + row < rows)
        {
            finish(row0 + row, column0 + column, values);
        }
    });
}
