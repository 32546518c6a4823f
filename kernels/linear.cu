// linear: y[r, o] = activation(sum_i x[r, i] * weight[o, i] + bias[o])
//
//   y          [R, O]   RF_T
//   x          [R, I]   RF_T
//   weight     [O, I]   RF_W
//   bias       [O]      RF_B     null for none
//
// Float sums, rounded once; with bf16 and an activation, before it too. RF_TENSOR = 1: RF_T and RF_W are bf16, I is a multiple of 8,
// rows are aligned to 16 bytes; tiles of RF_TILE_M x RF_TILE_N (common/product.cuh), RF_STAGES * STAGE_BYTES or 4 * RF_TILE_M *
// RF_TILE_N bytes of dynamic shared memory, whichever is more. RF_TENSOR = 0: any float types, tiles of 64 x 64 (common/float_product.cuh).
// Grid: (tiles of rows, tiles of columns). Launched by Linear.Cuda.cs.
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_W=bf16 RF_B=float,bf16 RF_ACTIVATION=0,1,3 RF_TILE_M=64,128 RF_TILE_N=RF_TILE_M RF_STAGES=4
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_W=float,bf16 RF_B=RF_W RF_ACTIVATION=0,1,2,3
#include "common/finish.cuh"

#if RF_TENSOR
#include "common/product.cuh"

extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS) linear_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, const RF_B* __restrict__ bias,
    long long rows, int outputs, int inputs)
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
            add_bias(values, bias, column0 + column, outputs);
            apply_activation<RF_T, RF_ACTIVATION>(values);
            store_columns(y + (row0 + row) * outputs, values, column0 + column, outputs);
        }
    });
}
#else
#include "common/float_product.cuh"

extern "C" __global__ void __launch_bounds__(FLOAT_THREADS) linear_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, const RF_B* __restrict__ bias,
    long long rows, int outputs, int inputs)
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
                add_bias(values, bias, column0 + column, outputs);
                apply_activation<RF_T, RF_ACTIVATION>(values);
                store_columns(y + (row0 + row) * outputs, values, column0 + column, outputs);
            }
        });
}
#endif
