// Convolution as a product of pixels under the filter (rows) and filters (columns), without a copy of the pixels: what a row holds in
// column k is found when its slice is loaded. k runs over (tap, channel), channels fastest. Pixels outside are zeros, frames past the
// last one too: the gradient of a convolution looks ahead.
//
//   y          [B, T', H', W', O]          RF_T
//   x          [B, T, H, W, C]             RF_T
//   history    [B, m, H, W, C]             RF_T     frames before the first, newest last; null if m is 0
//   weight     [O, taps, C]                RF_W     taps ordered by frame, line, column
//   bias       [O]                         RF_B     null for none
//
// RF_TAP_FRAMES x RF_TAP_LINES x RF_TAP_COLUMNS is the filter. RF_DOUBLED = 1 reads every pixel as if it were 2 x 2 of them.
// RF_TENSOR = 1: bf16, C a multiple of 8, at most 10 taps along an axis, fewer than 2^31 pixels, tiles and dynamic shared memory as in
// common/product.cuh; RF_TENSOR = 0: any float types. Grid: (tiles of pixels, tiles of outputs).
#pragma once

#include "common/finish.cuh"

struct convolution_sizes
{
    long long rows;
    int frames;
    int history;
    int height;
    int width;
    int channels;
    int out_frames;
    int out_height;
    int out_width;
    int outputs;
    int stride;
    int frame_stride;
    int pad_frames;
    int top;
    int left;
};

// Sizes of a convolution of single pictures.
__device__ __forceinline__ convolution_sizes picture_sizes(
    long long rows, int height, int width, int channels, int out_height, int out_width, int outputs, int stride, int top, int left)
{
    convolution_sizes sizes = {};
    sizes.rows = rows;
    sizes.frames = 1;
    sizes.height = height;
    sizes.width = width;
    sizes.channels = channels;
    sizes.out_frames = 1;
    sizes.out_height = out_height;
    sizes.out_width = out_width;
    sizes.outputs = outputs;
    sizes.stride = stride;
    sizes.frame_stride = 1;
    sizes.top = top;
    sizes.left = left;
    return sizes;
}

#define TAPS (RF_TAP_FRAMES * RF_TAP_LINES * RF_TAP_COLUMNS)
#define DEPTH(sizes) (TAPS * (sizes).channels)

// Where the first tap of output pixel `row` lies: (sample, frame, line, column); a sample below zero for rows past the end.
__device__ __forceinline__ int4 first_tap(const convolution_sizes& sizes, long long row)
{
    if (row >= sizes.rows)
    {
        return make_int4(-1, 0, 0, 0);
    }

    long long line = row / sizes.out_width;
    int column = (int)(row % sizes.out_width);
    long long frame = line / sizes.out_height;
    int frame_of_sample = (int)(frame % sizes.out_frames);
    return make_int4(
        (int)(frame / sizes.out_frames), frame_of_sample * sizes.frame_stride - sizes.pad_frames,
        (int)(line % sizes.out_height) * sizes.stride - sizes.top, column * sizes.stride - sizes.left);
}

#if RF_TENSOR
#include "common/product.cuh"
#define CONVOLUTION_THREADS PRODUCT_THREADS
#define MOST_TAPS 10

static_assert(RF_TAP_FRAMES <= MOST_TAPS && RF_TAP_LINES <= MOST_TAPS && RF_TAP_COLUMNS <= MOST_TAPS, "a filter's taps along an axis are bits of a mask");

// What the copies need to know of an output pixel, so that a tap costs them a few instructions:
//   x   the pixel of the first tap, counted from the first of `x`; below zero where it is outside
//   y   the same in `history`
//   z   which taps are inside: bits 0.. by line, 10.. by column, 20.. by frame
//   w   how many frames of taps lie in the history; if pixels are doubled: bit 0 and 1, whether the first line and column are second halves
__device__ __forceinline__ int4 taps_of(const convolution_sizes& sizes, long long row)
{
    int4 first = first_tap(sizes, row);
    int inside = 0;
    if (first.x >= 0)
    {
        for (int tap = 0; tap < RF_TAP_LINES; tap++)
        {
            inside |= (uint)(first.z + tap) < (uint)(sizes.height << RF_DOUBLED) ? 1 << tap : 0;
        }

        for (int tap = 0; tap < RF_TAP_COLUMNS; tap++)
        {
            inside |= (uint)(first.w + tap) < (uint)(sizes.width << RF_DOUBLED) ? 1 << (MOST_TAPS + tap) : 0;
        }

        for (int tap = 0; tap < RF_TAP_FRAMES; tap++)
        {
            inside |= first.y + tap >= -sizes.history && first.y + tap < sizes.frames ? 1 << (2 * MOST_TAPS + tap) : 0;
        }
    }

    int line = first.z >> RF_DOUBLED;
    int column = first.w >> RF_DOUBLED;
    int pixel = ((first.x * sizes.frames + first.y) * sizes.height + line) * sizes.width + column;
    int before = ((first.x * sizes.history + first.y + sizes.history) * sizes.height + line) * sizes.width + column;
    int note = RF_DOUBLED ? (first.z & 1) | (first.w & 1) << 1 : max(-first.y, 0);
    return make_int4(pixel, before, inside, note);
}

__device__ __forceinline__ void convolve(RF_T* y, const RF_T* x, const RF_T* history, const RF_W* weight, const RF_B* bias, const convolution_sizes& sizes)
{
    extern __shared__ __align__(128) byte shared[];
    __shared__ int4 pixels[RF_TILE_M];
    long long row0 = (long long)blockIdx.x * RF_TILE_M;
    int output0 = blockIdx.y * RF_TILE_N;
    int depth = DEPTH(sizes);
    for (int row = threadIdx.x; row < RF_TILE_M; row += PRODUCT_THREADS)
    {
        pixels[row] = taps_of(sizes, row0 + row);
    }

    // This thread's chunk of the next slice: which tap, and which channels of it.
    int first = threadIdx.x / 4;
    int channel = threadIdx.x % 4 * 8;
    int tap = channel / sizes.channels;
    channel %= sizes.channels;
    const RF_W* right_at = weight + (long long)(output0 + first) * depth + threadIdx.x % 4 * 8;
    uint place = copy_place();

    // In registers: read for every slice, they would take a sixth of the banks' time.
    int4 taken[RF_TILE_M / (PRODUCT_THREADS / 4)];
    __syncthreads();
#pragma unroll
    for (int row = 0; row < RF_TILE_M; row += PRODUCT_THREADS / 4)
    {
        taken[row / (PRODUCT_THREADS / 4)] = pixels[first + row];
    }

    product_sums sums;
    multiply(sums, shared_address(shared), (depth + SLICE - 1) / SLICE, [&](uint left, uint right) {
        bool any = tap < TAPS;
        int frame = tap / (RF_TAP_LINES * RF_TAP_COLUMNS);
        int line = tap / RF_TAP_COLUMNS % RF_TAP_LINES;
        int column = tap % RF_TAP_COLUMNS;
        int step = (frame * sizes.height + line) * sizes.width + column;

        // Past the last tap a bit that no pixel has.
        int needed = any ? 1 << line | 1 << (MOST_TAPS + column) | 1 << (2 * MOST_TAPS + frame) : 1 << 31;
#pragma unroll
        for (int row = 0; row < RF_TILE_M; row += PRODUCT_THREADS / 4)
        {
            int4 at = taken[row / (PRODUCT_THREADS / 4)];
            bool valid = (at.z & needed) == needed;
            bool before = !RF_DOUBLED && frame < at.w;
            int further = RF_DOUBLED ? (((at.w & 1) + line) >> 1) * sizes.width + (((at.w >> 1) + column) >> 1) : step;
            const RF_T* source = (before ? history : x) + (long long)((before ? at.y : at.x) + further) * sizes.channels + channel;
            copy_async(left + place + row * (SLICE * 2), valid ? source : x, valid);
        }

        copy_rows<RF_TILE_N>(right + place, right_at, depth, sizes.outputs - output0 - first, any, weight);
        right_at += SLICE;
        for (channel += SLICE; channel >= sizes.channels; channel -= sizes.channels)
        {
            tap++;
        }
    });

    finish_product(sums, (float*)shared, [&](int row, int column, float (&values)[8]) {
        if (row0 + row < sizes.rows)
        {
            add_bias(values, bias, output0 + column, sizes.outputs);
            store_columns(y + (row0 + row) * sizes.outputs, values, output0 + column, sizes.outputs);
        }
    });
}
#else
#include "common/float_product.cuh"
#define CONVOLUTION_THREADS FLOAT_THREADS

// The pixel of a tap; null if it is outside.
__device__ __forceinline__ const RF_T* pixel_of(const convolution_sizes& sizes, const RF_T* x, const RF_T* history, int4 first, int tap)
{
    int frame = first.y + tap / (RF_TAP_LINES * RF_TAP_COLUMNS);
    int line = first.z + tap / RF_TAP_COLUMNS % RF_TAP_LINES;
    int column = first.w + tap % RF_TAP_COLUMNS;
    bool before = frame < 0;
    const RF_T* source = before ? history : x;
    int frames = before ? sizes.history : sizes.frames;
    frame = before ? frame + sizes.history : frame;
    bool inside = first.x >= 0 && (uint)frame < (uint)frames && (uint)line < (uint)(sizes.height << RF_DOUBLED) && (uint)column < (uint)(sizes.width << RF_DOUBLED);
    long long pixel = (((long long)first.x * frames + frame) * sizes.height + (line >> RF_DOUBLED)) * sizes.width + (column >> RF_DOUBLED);
    return inside ? source + pixel * sizes.channels : nullptr;
}

__device__ __forceinline__ void convolve(RF_T* y, const RF_T* x, const RF_T* history, const RF_W* weight, const RF_B* bias, const convolution_sizes& sizes)
{
    __shared__ int4 firsts[FLOAT_TILE];
    long long row0 = (long long)blockIdx.x * FLOAT_TILE;
    int output0 = blockIdx.y * FLOAT_TILE;
    int depth = DEPTH(sizes);
    if (threadIdx.x < FLOAT_TILE)
    {
        firsts[threadIdx.x] = first_tap(sizes, row0 + threadIdx.x);
    }

    __syncthreads();
    multiply_floats(
        depth,
        [&](int row, long long k) {
            const RF_T* pixel = pixel_of(sizes, x, history, firsts[row], (int)k / sizes.channels);
            bool valid = k < depth && pixel != nullptr;
            float value = to_float(*(valid ? pixel + (int)k % sizes.channels : x));
            return valid ? value : 0.0f;
        },
        [&](int row, long long k) {
            bool valid = output0 + row < sizes.outputs && k < depth;
            float value = to_float(weight[valid ? (long long)(output0 + row) * depth + k : 0]);
            return valid ? value : 0.0f;
        },
        [&](int row, int column, float (&values)[4]) {
            if (row0 + row < sizes.rows)
            {
                add_bias(values, bias, output0 + column, sizes.outputs);
                store_columns(y + (row0 + row) * sizes.outputs, values, output0 + column, sizes.outputs);
            }
        });
}
#endif
