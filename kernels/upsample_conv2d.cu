// upsample_conv2d: y = conv2d(u, weight) + bias, padding kH/2 and kW/2, where u[b, h, w, c] = x[b, h / 2, w / 2, c] is never stored
//
//   y          [B, 2H, 2W, O]              RF_T
//   x          [B, H, W, C]                RF_T     outside: zeros
//   weight     [O, kH, kW, C]              RF_W     channels last: the launcher permutes
//   bias       [O]                         RF_B     null for none
//
// Float sums, rounded once: the same bits as the two ops. Implicit GEMM, macros and grid: common/convolution.cuh.
// Launched by UpsampleConv2d.cs.
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_W=bf16 RF_B=bf16 RF_TAP_FRAMES=1 RF_TAP_LINES=3 RF_TAP_COLUMNS=3 RF_DOUBLED=1 RF_TILE_M=128 RF_TILE_N=64,96,128 RF_STAGES=4
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_W=float,bf16 RF_B=RF_W RF_TAP_FRAMES=1 RF_TAP_LINES=3 RF_TAP_COLUMNS=3 RF_DOUBLED=1
#include "common/convolution.cuh"

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS, 1) upsample_conv2d_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ weight, const RF_B* __restrict__ bias, long long rows,
    int height, int width, int channels, int outputs)
{
    convolution_sizes sizes =
        picture_sizes(rows, height, width, channels, 2 * height, 2 * width, outputs, 1, RF_TAP_LINES / 2, RF_TAP_COLUMNS / 2);
    convolve(y, x, nullptr, weight, bias, sizes);
}
