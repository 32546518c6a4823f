// Rows of x times rows of weight in float, for linear and fused_mlp: finish(row, column, floats) takes four sums of a row.
#pragma once

#include "common/float_product.cuh"

#define LINEAR_THREADS FLOAT_THREADS

// Sums of neighbouring columns that are finished together.
typedef float linear_sums[4];

template <typename FINISH>
__device__ __forceinline__ void multiply_rows(const RF_T* x, const RF_W* weight, long long rows, int outputs, int inputs, FINISH finish)
{
    long long row0 = (long long)blockIdx.x * FLOAT_TILE;
    int column0 = blockIdx.y * FLOAT_TILE;
    multiply_floats(
        inputs,
        [&](int row, long long k) {
            bool valid = row0 + row < rows && k < inputs;
            float value = to_float(x[valid ? (row0 + row) * inputs + k : 0]);
            return valid ? value : 0.0f;
        },
        [&](int row, long long k) {
            bool valid = column0 + row < outputs && k < inputs;
            float value = to_float(weight[valid ? (column0 + row) * (long long)inputs + k : 0]);
            return valid ? value : 0.0f;
        },
        [&](int row, int column, float (&values)[4]) {
            if (row0 + row < rows)
            {
                finish(row0 + row, column0 + column, values);
            }
        });
}
