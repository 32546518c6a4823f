// conv2d: y[b, h, w, o] = bias[o] + sum_(j, k, c) x[b, h s + j - top, w s + k - left, c] * weight[o, j, k, c]
//
//   y          [B, H', W', O]              RF_T
//   x          [B, H, W, C]                RF_T     outside: zeros
//   weight     [O, kH, kW, C]              RF_W     channels last: the launcher permutes
//   bias       [O]                         RF_B     null for none
//
// s is the step. Float sums, rounded once. Implicit GEMM, macros and grid: common/convolution.cuh. Launched by Conv2d.cs.
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_W=bf16 RF_B=bf16 RF_TAP_FRAMES=1 RF_TAP_LINES=3 RF_TAP_COLUMNS=RF_TAP_LINES RF_DOUBLED=0 RF_TILE_M=128 RF_TILE_N=64,96,128 RF_STAGES=4
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_W=float,bf16 RF_B=RF_W RF_TAP_FRAMES=1 RF_TAP_LINES=3 RF_TAP_COLUMNS=RF_TAP_LINES RF_DOUBLED=0
#include "common/convolution.cuh"

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS, 1) conv2d_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, const RF_B* __restrict__ bias, long long rows,
    int height, int width, int channels, int out_height, int out_width, int outputs, int stride, int top, int left)
{
    convolution_sizes sizes = picture_sizes(rows, height, width, channels, out_height, out_width, outputs, stride, top, left);
    convolve(y, x, nullptr, weight, bias, sizes);
}
