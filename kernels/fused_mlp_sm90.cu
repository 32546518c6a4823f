// fused_mlp_sm90: y[r, o] = x[r, o] + round(gate[f, o] * round(sum_i hidden[r, i] * weight[o, i] + bias[o])),   f = r / tokens;
// the same contract as fused_mlp.cu, for sm_90a
//
//   y, x       [R, O]   bf16     the residual stream
//   hidden     [R, I]   bf16     tensor map: boxes of 64 columns and 128 rows, 128-byte swizzle
//   weight     [O, I]   bf16     tensor map: boxes of 64 columns and RF_TILE_N rows, 128-byte swizzle
//   bias       [O]      RF_B     null for none
//   gate       [F, O]   RF_G     one row per latent frame of `tokens` consecutive rows
//
// I is a multiple of 8. Grid, threads and shared memory as in linear_sm90.cu. Launched by FusedMlp.cs.
//
// Variants(sm_90a): RF_T=bf16 RF_B=float,bf16 RF_G=bf16 RF_TILE_N=128,256 RF_STAGES=4
#include "common/finish.cuh"
#include "common/linear_sm90.cuh"

extern "C" __global__ void __launch_bounds__(LINEAR_THREADS, 1) fused_mlp_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const __grid_constant__ tensor_map hidden, const __grid_constant__ tensor_map weight,
    const RF_B* __restrict__ bias, const RF_G* __restrict__ gate, long long rows, int outputs, int inputs, int tokens)
{
    multiply_rows(&hidden, &weight, rows, outputs, inputs, [&](long long row, int column, linear_sums& values) {
        linear_sums residual, factors;
        add_bias(values, bias, column, outputs);
        load_columns(x + row * outputs, residual, column, outputs);
        load_columns(gate + (long long)((uint)row / (uint)tokens) * outputs, factors, column, outputs);
#pragma unroll
        for (int i = 0; i < 8; i++)
        {
            values[i] = residual[i] + round_to<RF_T>(__fmul_rn(round_to<RF_T>(values[i]), factors[i]));
        }

        store_columns(y + row * outputs, values, column, outputs);
    });
}
