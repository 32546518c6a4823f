// causal_conv3d: y[b, t, h, w, o] = bias[o] + sum_(i, j, k, c) x[b, t s + i - p, h + j - kH/2, w + k - kW/2, c] * weight[o, i, j, k, c]
//
//   y          [B, T', H, W, O]            RF_T
//   x          [B, T, H, W, C]             RF_T     frames before the first: history, then zeros; outside in space: zeros
//   history    [B, m, H, W, C]             RF_T     the feature cache: frames before the first, newest last; null if m is 0
//   weight     [O, kT, kH, kW, C]          RF_W     channels last: the launcher permutes
//   bias       [O]                         RF_B     null for none
//
// s is the step in time, p the frames the input is extended by at the front. Float sums, rounded once. Implicit GEMM, macros and grid:
// common/convolution.cuh. Launched by CausalConv3d.cs.
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_W=bf16 RF_B=bf16 RF_TAP_FRAMES=3 RF_TAP_LINES=3 RF_TAP_COLUMNS=RF_TAP_LINES RF_DOUBLED=0 RF_TILE_M=128 RF_TILE_N=64,96,128 RF_STAGES=4
// Variants: RF_TENSOR=1 RF_T=bf16 RF_W=bf16 RF_B=bf16 RF_TAP_FRAMES=1,3 RF_TAP_LINES=1 RF_TAP_COLUMNS=1 RF_DOUBLED=0 RF_TILE_M=64 RF_TILE_N=64 RF_STAGES=4
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_W=float,bf16 RF_B=RF_W RF_TAP_FRAMES=3 RF_TAP_LINES=3 RF_TAP_COLUMNS=RF_TAP_LINES RF_DOUBLED=0
#include "common/convolution.cuh"

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS, 1) causal_conv3d_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_T* __restrict__ history, const RF_W* __restrict__ weight,
    const RF_B* __restrict__ bias, long long rows, int frames, int history_frames, int height, int width, int channels, int out_frames,
    int outputs, int frame_stride, int pad_frames)
{
    convolution_sizes sizes = picture_sizes(rows, height, width, channels, height, width, outputs, 1, RF_TAP_LINES / 2, RF_TAP_COLUMNS / 2);
    sizes.frames = frames;
    sizes.history = history_frames;
    sizes.out_frames = out_frames;
    sizes.frame_stride = frame_stride;
    sizes.pad_frames = pad_frames;
    convolve(y, x, history, weight, bias, sizes);
}
