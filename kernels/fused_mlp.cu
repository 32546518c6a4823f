// fused_mlp: y[r, o] = x[r, o] + round(gate[f, o] * round(sum_i hidden[r, i] * weight[o, i] + bias[o])),   f = r / tokens
//
//   y, x       [R, O]   RF_T     the residual stream
//   hidden     [R, I]   RF_T     gelu_tanh(input * up + bias) of the feed-forward, made by linear.cu with its activation
//   weight     [O, I]   RF_W
//   bias       [O]      RF_B     null for none
//   gate       [F, O]   RF_G     one row per latent frame of `tokens` consecutive rows
//
// The second half of the feed-forward with the gated residual in its epilogue: same roundings, and so the same bits, as linear and
// gated_residual after each other, without two trips of [R, O] to memory. round is to RF_T. RF_TENSOR, tiles and grid as in linear.cu.
// Launched by FusedMlp.cs.
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_W=bf16 RF_B=bf16 RF_G=bf16 RF_TILE_M=64,128 RF_TILE_N=RF_TILE_M RF_STAGES=4
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_W=float,bf16 RF_B=RF_W RF_G=RF_T
#include "common/finish.cuh"

#if RF_TENSOR
#include "common/linear_tensor.cuh"
#else
#include "common/linear_float.cuh"
#endif

extern "C" __global__ void __launch_bounds__(LINEAR_THREADS, 1) fused_mlp_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_T* __restrict__ hidden, const RF_W* __restrict__ weight,
    const RF_B* __restrict__ bias, const RF_G* __restrict__ gate, long long rows, int outputs, int inputs, int tokens)
{
    multiply_rows(hidden, weight, rows, outputs, inputs, [&](long long row, int column, linear_sums& values) {
        linear_sums residual, factors;
        add_bias(values, bias, column, outputs);
        load_columns(x + row * outputs, residual, column, outputs);
        load_columns(gate + row / tokens * outputs, factors, column, outputs);
#pragma unroll
        for (int i = 0; i < (int)(sizeof(linear_sums) / sizeof(float)); i++)
        {
            values[i] = residual[i] + round_to<RF_T>(__fmul_rn(round_to<RF_T>(values[i]), factors[i]));
        }

        store_columns(y + row * outputs, values, column, outputs);
    });
}
