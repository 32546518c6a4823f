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
// Variants: RF_TENSOR=1 RF_T=bf16 RF_W=bf16 RF_B=bf16 RF_ACTIVATION=0,1,3 RF_TILE_M=64,128 RF_TILE_N=RF_TILE_M RF_STAGES=4
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_W=float,bf16 RF_B=RF_W RF_ACTIVATION=0,1
#include "common/finish.cuh"
#if RF_TENSOR
#include "common/linear_tensor.cuh"
#else
#include "common/linear_float.cuh"
#endif

extern "C" __global__ void __launch_bounds__(LINEAR_THREADS, 1) linear_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, const RF_B* __restrict__ bias,
    long long rows, int outputs, int inputs)
{
    multiply_rows(x, weight, rows, outputs, inputs, [&](long long row, int column, linear_sums& values) {
        add_bias(values, bias, column, outputs);
        apply_activation<RF_T, RF_ACTIVATION>(values);
        store_columns(y + row * outputs, values, column, outputs);
    });
}
