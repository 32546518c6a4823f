// filter_gradient: dweight[o, c, t] = sum_r dy[r, o] * x(r, t)[c]
//
//   dweight    [O, C, taps]                float
//   partial    [parts, O, taps * C]        float    sums over `each` rows; taps of channels, as weights lie in common/convolution.cuh
//   dy         [B, T', H', W', O]          RF_T     R rows
//   x          [B, T, H, W, C]             RF_T     x(r, t): the pixel under tap t of output pixel r, zeros outside
//   history    [B, m, H, W, C]             RF_T     frames before the first, newest last; null if m is 0
//
// A product whose depth are pixels. First pass: one sum for each part of them; grid (tiles of (tap, channel), tiles of outputs, parts).
// Second pass: parts are added up in order. RF_TENSOR = 1: bf16, C and O multiples of 8, rows aligned to 16 bytes, tiles of RF_TILE_M
// outputs by RF_TILE_N (common/deep_product.cuh), dynamic shared memory as in common/product.cuh; RF_TENSOR = 0: F32 or bf16, tiles of 64 x 64.
// Filter, doubling and sizes: common/convolution.cuh. Launched by FilterGradient.Cuda.cs.
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_TAP_FRAMES=1,3 RF_TAP_LINES=3 RF_TAP_COLUMNS=3 RF_DOUBLED=0 RF_TILE_M=64,128 RF_TILE_N=128 RF_STAGES=4
// Variants: RF_TENSOR=1 RF_T=bf16 RF_TAP_FRAMES=1 RF_TAP_LINES=3 RF_TAP_COLUMNS=3 RF_DOUBLED=1 RF_TILE_M=128 RF_TILE_N=128 RF_STAGES=4
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_TAP_FRAMES=3 RF_TAP_LINES=3 RF_TAP_COLUMNS=3 RF_DOUBLED=0,1
#define RF_W RF_T
#define RF_B RF_T
#include "common/convolution.cuh"

#if RF_TENSOR
#include "common/deep_product.cuh"

__device__ __forceinline__ void sum_rows(
    float* partial, const RF_T* dy, const RF_T* x, const RF_T* history, const convolution_sizes& sizes, long long begin)
{
    extern __shared__ __align__(128) byte shared[];
    __shared__ int4 pixels[RF_STAGES][SLICE];
    int output0 = blockIdx.y * RF_TILE_M;
    int column0 = blockIdx.x * RF_TILE_N;
    int depth = DEPTH(sizes);
    static_assert(RF_STAGES * SLICE <= PRODUCT_THREADS, "a thread finds one pixel of the first slices");
    if (threadIdx.x < RF_STAGES * SLICE)
    {
        pixels[threadIdx.x / SLICE][threadIdx.x % SLICE] = taps_of(sizes, begin + threadIdx.x);
    }

    // This thread's chunk of every row of x under its tap: which tap and which channels.
    int left_row = threadIdx.x / (RF_TILE_M / 8);
    int right_row = threadIdx.x / (RF_TILE_N / 8);
    int output = output0 + threadIdx.x % (RF_TILE_M / 8) * 8;
    int at = column0 + threadIdx.x % (RF_TILE_N / 8) * 8;
    int tap = at / sizes.channels;
    int channel = at % sizes.channels;
    int frame = tap / (RF_TAP_LINES * RF_TAP_COLUMNS);
    int line = tap / RF_TAP_COLUMNS % RF_TAP_LINES;
    int column = tap % RF_TAP_COLUMNS;
    int step = (frame * sizes.height + line) * sizes.width + column;
    int needed = tap < TAPS ? 1 << line | 1 << (MOST_TAPS + column) | 1 << (2 * MOST_TAPS + frame) : 1 << 31;
    uint left_place = deep_address<RF_TILE_M>(0, left_row, threadIdx.x % (RF_TILE_M / 8));
    uint right_place = deep_address<RF_TILE_N>(0, right_row, threadIdx.x % (RF_TILE_N / 8));
    long long row0 = begin;
    int slice = 0;

    // The pixels of the first slices are there for all.
    __syncthreads();
    product_sums sums;
    multiply_deep(sums, shared_address(shared), (int)((sizes.rows - begin + SLICE - 1) / SLICE), [&](uint left, uint right) {
#pragma unroll
        for (int row = 0; row < SLICE; row += DEEP_ROWS(RF_TILE_M))
        {
            bool valid = row0 + left_row + row < sizes.rows && output < sizes.outputs;
            const RF_T* source = dy + (row0 + left_row + row) * sizes.outputs + output;
            copy_async(left + left_place + row * (RF_TILE_M * 2), valid ? source : dy, valid);
        }

#pragma unroll
        for (int row = 0; row < SLICE; row += DEEP_ROWS(RF_TILE_N))
        {
            int4 pixel = pixels[slice % RF_STAGES][right_row + row];
            bool valid = (pixel.z & needed) == needed;
            bool before = !RF_DOUBLED && frame < pixel.w;
            int further = RF_DOUBLED ? (((pixel.w & 1) + line) >> 1) * sizes.width + (((pixel.w >> 1) + column) >> 1) : step;
            const RF_T* source = (before ? history : x) + (long long)((before ? pixel.y : pixel.x) + further) * sizes.channels + channel;
            copy_async(right + right_place + row * (RF_TILE_N * 2), valid ? source : x, valid);
        }

        // From the first slice that is loaded behind a barrier on, one warp finds the pixels of the next one, whose place nobody reads any more.
        slice++;
        row0 += SLICE;
        if (slice >= RF_STAGES && threadIdx.x / 32 == slice % (PRODUCT_THREADS / 32))
        {
            pixels[slice % RF_STAGES][threadIdx.x % 32] = taps_of(sizes, row0 + threadIdx.x % 32);
        }
    });

    // Four floats to a thread: neighbours fill whole sectors. The depth is a multiple of 8.
    share_sums(sums, (float*)shared);
    for (int piece = threadIdx.x; piece < RF_TILE_M * RF_TILE_N / 4; piece += PRODUCT_THREADS)
    {
        int row = piece / (RF_TILE_N / 4);
        int chunk = piece % (RF_TILE_N / 4);
        if (output0 + row < sizes.outputs && column0 + chunk * 4 < depth)
        {
            float* target = partial + (long long)(output0 + row) * depth + column0 + chunk * 4;
            *(float4*)target = *(const float4*)sum_chunk((float*)shared, row, chunk);
        }
    }
}
#else

__device__ __forceinline__ void sum_rows(
    float* partial, const RF_T* dy, const RF_T* x, const RF_T* history, const convolution_sizes& sizes, long long begin)
{
    __shared__ int4 firsts[2][FLOAT_SLICE];
    int output0 = blockIdx.y * FLOAT_TILE;
    int column0 = blockIdx.x * FLOAT_TILE;
    int depth = DEPTH(sizes);
    int place = threadIdx.x % FLOAT_TILE;
    int tap = (column0 + place) / sizes.channels;
    int channel = (column0 + place) % sizes.channels;
    int output = output0 + place;
    if (threadIdx.x < FLOAT_SLICE)
    {
        firsts[0][threadIdx.x] = first_tap(sizes, begin + threadIdx.x);
    }

    multiply_float_slices(
        sizes.rows - begin,
        [&](long long k0, float_slice& a, float_slice& b) {
            int parity = (int)(k0 / FLOAT_SLICE % 2);
#pragma unroll
            for (int i = 0; i < FLOAT_SLICE; i += FLOAT_THREADS / FLOAT_TILE)
            {
                int k = threadIdx.x / FLOAT_TILE + i;
                long long row = begin + k0 + k;
                bool valid = row < sizes.rows && output < sizes.outputs;
                float grad = to_float(dy[valid ? row * sizes.outputs + output : 0]);
                a[k][place] = valid ? grad : 0.0f;
                const RF_T* pixel = tap < TAPS ? pixel_of(sizes, x, history, firsts[parity][k], tap) : nullptr;
                float value = to_float(*(pixel != nullptr ? pixel + channel : x));
                b[k][place] = pixel != nullptr ? value : 0.0f;
            }

            // Read behind the next barrier; the other half was read before this one.
            if (threadIdx.x < FLOAT_SLICE)
            {
                firsts[1 - parity][threadIdx.x] = first_tap(sizes, begin + k0 + FLOAT_SLICE + threadIdx.x);
            }
        },
        [&](int row, int column, float (&values)[4]) {
            if (output0 + row < sizes.outputs)
            {
                store_columns(partial + (long long)(output0 + row) * depth, values, column0 + column, depth);
            }
        });
}
#endif

extern "C" __global__ void __launch_bounds__(CONVOLUTION_THREADS, 1) filter_gradient_backward_partial(
    float* __restrict__ partial, const RF_T* __restrict__ dy, const RF_T* __restrict__ x, const RF_T* __restrict__ history, long long rows,
    long long each, int frames, int history_frames, int height, int width, int channels, int out_frames, int out_height, int out_width,
    int outputs, int stride, int frame_stride, int pad_frames, int top, int left)
{
    long long begin = blockIdx.z * each;
    convolution_sizes sizes = picture_sizes(
        begin + each < rows ? begin + each : rows, height, width, channels, out_height, out_width, outputs, stride, top, left);
    sizes.frames = frames;
    sizes.history = history_frames;
    sizes.out_frames = out_frames;
    sizes.frame_stride = frame_stride;
    sizes.pad_frames = pad_frames;
    sum_rows(partial + (long long)blockIdx.z * outputs * DEPTH(sizes), dy, x, history, sizes, begin);
}

// Adds up [parts, O, taps, C] and puts taps innermost: [O, C, taps]. They are turned in shared memory, `each` * taps floats of it, so that
// both sides move whole sectors. Grid: (channels in steps of `each`, O); block: 32 channels, at least `each`, by 8 taps.
extern "C" __global__ void filter_gradient_backward(
    float* __restrict__ total, const float* __restrict__ partial, int parts, int outputs, int taps, int channels, int each)
{
    extern __shared__ float turned[];
    int first = blockIdx.x * each;
    int count = min(each, channels - first);
    long long size = (long long)outputs * taps * channels;
    const float* source = partial + (long long)blockIdx.y * taps * channels + first + threadIdx.x;
    for (int tap = threadIdx.y; tap < taps && threadIdx.x < count; tap += blockDim.y)
    {
        const float* at = source + (long long)tap * channels;
        float sum = *at;
        for (int part = 1; part < parts; part++)
        {
            at += size;
            sum += *at;
        }

        turned[threadIdx.x * taps + tap] = sum;
    }

    __syncthreads();
    float* target = total + ((long long)blockIdx.y * channels + first) * taps;
    for (int i = threadIdx.y * blockDim.x + threadIdx.x; i < count * taps; i += blockDim.x * blockDim.y)
    {
        target[i] = turned[i];
    }
}
