// causal_conv3d_sm90: the contract of causal_conv3d.cu for sm_90a
//
//   y          [B, T', H, W, O]            bf16
//   x          [B, T, H, W, C]             bf16     tensor map of [B T, H, W, C]
//   history    [B, m, H, W, C]             bf16     tensor map of [B m, H, W, C]; any map if m is 0
//   weight     [O, taps, C]                bf16     tensor map; boxes of RF_SLICE channels, one tap, RF_TILE_N outputs
//   bias       [O]                         RF_B     null for none
//
// C is a multiple of 8. A tile of rows is 8 lines of 16 pixels of a frame: under a tap they are one box of 16 x 8 pixels and RF_SLICE
// channels, and the tensor copy engine makes zeros of what is outside the frame or past the channels. Float sums, rounded once; products
// and macros: common/product_sm90.cuh. Grid: (tiles of pixels: columns, then lines, then frames; tiles of outputs).
// Launched by CausalConv3d.cs.
//
// Variants(sm_90a): RF_T=bf16 RF_B=float,bf16 RF_TAP_FRAMES=3 RF_TAP_LINES=3 RF_TAP_COLUMNS=3 RF_SLICE=64 RF_TILE_N=32,128,192 RF_STAGES=4
// Variants(sm_90a): RF_T=bf16 RF_B=float,bf16 RF_TAP_FRAMES=3 RF_TAP_LINES=3 RF_TAP_COLUMNS=3 RF_SLICE=32 RF_TILE_N=32,96 RF_STAGES=8
// Variants(sm_90a): RF_T=bf16 RF_B=bf16 RF_TAP_FRAMES=1,3 RF_TAP_LINES=1 RF_TAP_COLUMNS=1 RF_SLICE=64 RF_TILE_N=192 RF_STAGES=4
#include "common/finish.cuh"
#include "common/product_sm90.cuh"

#define TILE_LINES 8
#define TILE_COLUMNS 16
#define TAPS (RF_TAP_FRAMES * RF_TAP_LINES * RF_TAP_COLUMNS)

extern "C" __global__ void __launch_bounds__(PRODUCT_THREADS, 1) causal_conv3d_forward(
    RF_T* __restrict__ y, const __grid_constant__ tensor_map x, const __grid_constant__ tensor_map history,
    const __grid_constant__ tensor_map weight, const RF_B* __restrict__ bias, int batch, int frames, int history_frames, int height, int width,
    int channels, int out_frames, int outputs, int frame_stride, int pad_frames)
{
    int tile = blockIdx.x;
    int tiles_across = (width + TILE_COLUMNS - 1) / TILE_COLUMNS;
    int tiles_down = (height + TILE_LINES - 1) / TILE_LINES;
    int column0 = tile % tiles_across * TILE_COLUMNS;
    int line0 = tile / tiles_across % tiles_down * TILE_LINES;
    int out_frame = tile / tiles_across / tiles_down;
    int sample = out_frame / out_frames;
    int first_frame = out_frame % out_frames * frame_stride - pad_frames;
    int output0 = blockIdx.y * RF_TILE_N;
    int runs = (channels + RF_SLICE - 1) / RF_SLICE;
    multiply_tile(
        TAPS * runs, TILE_ROWS,
        [&](uint left, uint right, ulong* barrier, int slice) {
            int channel = slice % runs * RF_SLICE;
            int tap = slice / runs;
            int line = line0 + tap / RF_TAP_COLUMNS % RF_TAP_LINES - RF_TAP_LINES / 2;
            int column = column0 + tap % RF_TAP_COLUMNS - RF_TAP_COLUMNS / 2;
            int frame = first_frame + tap / (RF_TAP_LINES * RF_TAP_COLUMNS);
            bool before = frame < 0 && frame >= -history_frames;

            // A frame before the history or after the sample's last is one past them all: zeros.
            int source = before ? sample * history_frames + history_frames + frame : (uint)frame >= (uint)frames ? batch * frames : sample * frames + frame;
            copy_box(left, before ? &history : &x, barrier, channel, column, line, source);
            copy_box(right, &weight, barrier, channel, tap, output0);
        },
        [&](int row, int column, product_run& values) {
            int pixel_line = line0 + row / TILE_COLUMNS;
            int pixel_column = column0 + row % TILE_COLUMNS;
            if (pixel_line < height && pixel_column < width)
            {
                add_bias(values, bias, output0 + column, outputs);
                store_columns(y + (((long long)out_frame * height + pixel_line) * width + pixel_column) * outputs, values, output0 + column, outputs);
            }
        });
}
