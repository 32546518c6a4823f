// linear_sm90: y[r, o] = activation(sum_i x[r, i] * weight[o, i] + bias[o]), the same contract as linear.cu, for sm_90a
//
//   y          [R, O]   bf16
//   x          [R, I]   bf16     tensor map: boxes of 64 columns and 128 rows, 128-byte swizzle
//   weight     [O, I]   bf16     tensor map: boxes of 64 columns and RF_TILE_N rows, 128-byte swizzle
//   bias       [O]      RF_B     null for none
//
// I is a multiple of 8. Float sums, rounded once; with an activation, before it too. Tensor copies, warpgroup products, one producing
// and two consuming warpgroups: common/linear_sm90.cuh. Grid: (tiles of 128 rows, tiles of columns), 384 threads; dynamic shared memory:
// RF_STAGES * (128 + RF_TILE_N) * 128 bytes. Launched by Linear.Cuda.cs.
//
// Variants(sm_90a): RF_T=bf16 RF_B=float,bf16 RF_ACTIVATION=0,1,3 RF_TILE_N=128,256 RF_STAGES=4
#include "common/finish.cuh"
#include "common/linear_sm90.cuh"

extern "C" __global__ void __launch_bounds__(LINEAR_THREADS, 1) linear_forward(
    RF_T* __restrict__ y, const __grid_constant__ tensor_map x, const __grid_constant__ tensor_map weight, const RF_B* __restrict__ bias,
    long long rows, int outputs, int inputs)
{
    multiply_rows(&x, &weight, rows, outputs, inputs, [&](long long row, int column, linear_sums& values) {
        add_bias(values, bias, column, outputs);
        apply_activation<RF_T, RF_ACTIVATION>(values);
        store_columns(y + row * outputs, values, column, outputs);
    });
}
