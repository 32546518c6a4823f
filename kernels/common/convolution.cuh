// Convolution as a product of pixels under the filter (rows) and filters (columns), without a copy of the pixels: what a row holds in
// column k is found when its slice is loaded. k runs over (tap, channel), channels fastest. Pixels outside are zeros.
//
//   y          [B, T', H', W', O]          RF_T
//   x          [B, T, H, W, C]             RF_T
//   history    [B, m, H, W, C]             RF_T     frames before the first, newest last; null if m is 0
//   weight     [O, taps, C]                RF_W     taps ordered by frame, line, column
//   bias       [O]                         RF_B     null for none
//
// RF_TAP_FRAMES x RF_TAP_LINES x RF_TAP_COLUMNS is the filter. RF_DOUBLED = 1 reads every pixel as if it were 2 x 2 of them.
// RF_TENSOR = 1: bf16, C a multiple of 8, tiles and dynamic shared memory as in common/product.cuh; RF_TENSOR = 0: any float types.
// Grid: (tiles of pixels, tiles of outputs).
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

#define DEPTH(sizes) (RF_TAP_FRAMES * RF_TAP_LINES * RF_TAP_COLUMNS * (sizes).channels)

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
    bool inside = first.x >= 0 && frame >= 0 && (uint)line < (uint)(sizes.height << RF_DOUBLED) && (uint)column < (uint)(sizes.width << RF_DOUBLED);
    long long pixel = (((long long)first.x * frames + frame) * sizes.height + (line >> RF_DOUBLED)) * sizes.width + (column >> RF_DOUBLED);
    return inside ? source + pixel * sizes.channels : nullptr;
}

#if RF_TENSOR
#include "common/product.cuh"
#define CONVOLUTION_THREADS PRODUCT_THREADS

__device__ __forceinline__ void convolve(RF_T* y, const RF_T* x, const RF_T* history, const RF_W* weight, const RF_B* bias, const convolution_sizes& sizes)
{
    extern __shared__ __align__(128) byte shared[];
    __shared__ int4 firsts[RF_TILE_M];
    long long row0 = (long long)blockIdx.x * RF_TILE_M;
    int output0 = blockIdx.y * RF_TILE_N;
    int depth = DEPTH(sizes);
    for (int row = threadIdx.x; row < RF_TILE_M; row += PRODUCT_THREADS)
    {
        firsts[row] = first_tap(sizes, row0 + row);
    }

    __syncthreads();
    product_sums sums;
    multiply(sums, shared_address(shared), (depth + SLICE - 1) / SLICE, [&](uint left, uint right, int slice) {
        int chunk = threadIdx.x % 4;
        int k = slice * SLICE + chunk * 8;
        int tap = k / sizes.channels;
        int channel = k % sizes.channels;
        for (int row = threadIdx.x / 4; row < RF_TILE_M; row += PRODUCT_THREADS / 4)
        {
            const RF_T* pixel = pixel_of(sizes, x, history, firsts[row], tap);
            bool valid = k < depth && pixel != nullptr;
            copy_async(slice_address(left, row, chunk), valid ? pixel + channel : x, valid);
        }

#pragma unroll
        for (int row = threadIdx.x / 4; row < RF_TILE_N; row += PRODUCT_THREADS / 4)
        {
            bool valid = k < depth && output0 + row < sizes.outputs;
            copy_async(slice_address(right, row, chunk), valid ? weight + (long long)(output0 + row) * depth + k : weight, valid);
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
