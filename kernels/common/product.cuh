// C = A B^T for one tile of C on the tensor cores: bfloat16 in, float sums. Shared by linear, fused_mlp and the convolutions, which
// differ in how rows of A are found and in what happens to the sums.
//
// A block of 128 threads makes RF_TILE_M x RF_TILE_N; its 4 warps take a quarter each. 32 columns of A and B (a "slice") are
// multiplied at a time, RF_STAGES - 1 slices are on their way from global memory. Rows of a slice are 64 bytes, four chunks of 16;
// chunk c of row r is stored at c ^ (r / 2 % 4), so that eight rows read or written together touch all banks once.
#pragma once

#include "common/mma.cuh"

#define PRODUCT_THREADS 128
#define SLICE 32

#define WARP_M (RF_TILE_M / 2)
#define WARP_N (RF_TILE_N / 2)

// Sums of one warp: fragment (m, n) covers rows 16 m .. and columns 8 n .. of its quarter.
typedef float product_sums[WARP_M / 16][WARP_N / 8][4];

#define LEFT_BYTES (RF_TILE_M * SLICE * 2)
#define STAGE_BYTES (LEFT_BYTES + RF_TILE_N * SLICE * 2)

__device__ __forceinline__ uint slice_address(uint tile, int row, int chunk)
{
    return tile + row * (SLICE * 2) + ((chunk ^ (row / 2 % 4)) * 16);
}

// Where this thread's copies go: the first of rows threadIdx.x / 4, every 32nd after it, of which it brings one chunk. A step of 32 rows
// leaves the swizzle as it is.
__device__ __forceinline__ uint copy_place()
{
    return slice_address(0, threadIdx.x / 4, threadIdx.x % 4);
}

// Starts copying a slice of consecutive rows: `at` is this thread's chunk of its first row, of which `rows` are left; `none` is any
// address that may be read.
template <int ROWS>
__device__ __forceinline__ void copy_rows(uint tile, const bf16* at, long long stride, long long rows, bool inside, const bf16* none)
{
#pragma unroll
    for (int row = 0; row < ROWS; row += PRODUCT_THREADS / 4)
    {
        bool valid = inside && row < rows;
        copy_async(tile + row * (SLICE * 2), valid ? at + row * stride : none, valid);
    }
}

// `left` and `right` are this lane's addresses in the slices of A and B, in the first 16 columns.
__device__ __forceinline__ void multiply_slice(product_sums& sums, uint left, uint right)
{
#pragma unroll
    for (int k = 0; k < SLICE / 16; k++)
    {
        // Two chunks further on; a step of 16 rows is 1024 bytes. Neither touches the other bits of the swizzle.
        uint a[WARP_M / 16][4];
#pragma unroll
        for (int m = 0; m < WARP_M / 16; m++)
        {
            load_matrices(a[m], (left ^ (k * 32)) + m * 1024);
        }

#pragma unroll
        for (int n = 0; n < WARP_N / 16; n++)
        {
            // Two fragments of B: rows of B are columns of the product, so no transposition.
            uint b[4];
            load_matrices(b, (right ^ (k * 32)) + n * 1024);
#pragma unroll
            for (int m = 0; m < WARP_M / 16; m++)
            {
                multiply_add(sums[m][2 * n], a[m], b[0], b[1]);
                multiply_add(sums[m][2 * n + 1], a[m], b[2], b[3]);
            }
        }
    }
}

// load(left, right) starts the copies of the next slice to shared memory, from the first to the last; step(stage) multiplies the slice that
// begins so many bytes after `shared`.
template <typename LOAD, typename STEP>
__device__ __forceinline__ void multiply_slices(product_sums& sums, uint shared, int slices, LOAD load, STEP step)
{
#pragma unroll
    for (int m = 0; m < WARP_M / 16; m++)
    {
#pragma unroll
        for (int n = 0; n < WARP_N / 8; n++)
        {
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
                sums[m][n][i] = 0.0f;
            }
        }
    }

#pragma unroll
    for (int stage = 0; stage < RF_STAGES - 1; stage++)
    {
        if (stage < slices)
        {
            load(shared + stage * STAGE_BYTES, shared + stage * STAGE_BYTES + LEFT_BYTES);
        }

        commit_copies();
    }

    uint reading = 0;
    uint filling = (RF_STAGES - 1) * STAGE_BYTES;
    for (int slice = 0; slice < slices; slice++)
    {
        wait_copies<RF_STAGES - 2>();

        // The slice is there for all, and everybody is done with the one before, whose place is refilled.
        __syncthreads();
        if (slice + RF_STAGES - 1 < slices)
        {
            load(shared + filling, shared + filling + LEFT_BYTES);
        }

        commit_copies();
        step(reading);
        filling = reading;
        reading = reading == (RF_STAGES - 1) * STAGE_BYTES ? 0 : reading + STAGE_BYTES;
    }
}

template <typename LOAD>
__device__ __forceinline__ void multiply(product_sums& sums, uint shared, int slices, LOAD load)
{
    int lane = threadIdx.x % 32;
    uint left = slice_address(shared, threadIdx.x / 64 * WARP_M + lane % 16, lane / 16);
    uint right = slice_address(shared + LEFT_BYTES, threadIdx.x / 32 % 2 * WARP_N + lane % 8 + lane / 16 * 8, lane / 8 % 2);
    multiply_slices(sums, shared, slices, load, [&](uint stage) { multiply_slice(sums, left + stage, right + stage); });
}

// Where chunk c of a row of sums (four floats) lies in shared memory.
__device__ __forceinline__ float* sum_chunk(float* shared, int row, int chunk)
{
    return shared + row * RF_TILE_N + (chunk ^ (row % 4 * 2)) * 4;
}

// Puts the sums of all warps into shared memory (RF_TILE_M * RF_TILE_N floats).
__device__ __forceinline__ void share_sums(product_sums& sums, float* shared)
{
    int lane = threadIdx.x % 32;
    int m0 = threadIdx.x / 64 * WARP_M + lane / 4;
    int n0 = threadIdx.x / 32 % 2 * WARP_N + lane % 4 * 2;

    // The last slices have been read by all.
    __syncthreads();
#pragma unroll
    for (int m = 0; m < WARP_M / 16; m++)
    {
#pragma unroll
        for (int n = 0; n < WARP_N / 8; n++)
        {
#pragma unroll
            for (int half = 0; half < 2; half++)
            {
                int row = m0 + m * 16 + half * 8;
                int column = n0 + n * 8;
                *(float2*)(sum_chunk(shared, row, column / 4) + column % 4) = make_float2(sums[m][n][2 * half], sums[m][n][2 * half + 1]);
            }
        }
    }

    __syncthreads();
}

// Hands the sums to finish(row, column, floats), eight neighbours of a row at a time, so that they can be stored in whole sectors of bf16.
template <typename FINISH>
__device__ __forceinline__ void finish_product(product_sums& sums, float* shared, FINISH finish)
{
    share_sums(sums, shared);
    for (int piece = threadIdx.x; piece < RF_TILE_M * RF_TILE_N / 8; piece += PRODUCT_THREADS)
    {
        int row = piece / (RF_TILE_N / 8);
        int chunk = piece % (RF_TILE_N / 8) * 2;

        // Eight neighbouring threads read even chunks; half of them begin with the odd one, so that all banks are used.
        int first = piece / 4 % 2;
        float4 u = *(const float4*)sum_chunk(shared, row, chunk + first);
        float4 v = *(const float4*)sum_chunk(shared, row, chunk + 1 - first);
        float4 low = first ? v : u;
        float4 high = first ? u : v;
        float values[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
        finish(row, chunk * 4, values);
    }
}
