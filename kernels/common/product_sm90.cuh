// C = A B^T for one tile of C on the tensor cores of sm_90a: bfloat16 in, float sums. Shared by linear_sm90, fused_mlp_sm90 and
// causal_conv3d_sm90, which differ in the boxes that make up a slice and in what happens to the sums.
//
// A block makes 128 x RF_TILE_N: one warpgroup only starts copies of the tensor copy engine, two make 64 rows each. RF_SLICE columns of A
// and B at a time (64, or 32 where the depth comes in shorter runs), RF_STAGES slices in flight; `full` counts the bytes that came, `empty`
// the warpgroups that are done with a stage. 384 threads; dynamic shared memory: RF_STAGES * (128 + RF_TILE_N) * RF_SLICE * 2 bytes.
#pragma once

#include "common/tensor_copy.cuh"
#include "common/warpgroup.cuh"

#define PRODUCT_THREADS 384
#define TILE_ROWS 128
#define LEFT_BYTES (TILE_ROWS * RF_SLICE * 2)
#define RIGHT_BYTES (RF_TILE_N * RF_SLICE * 2)
#define STAGE_BYTES (LEFT_BYTES + RIGHT_BYTES)

static_assert(RF_STAGES * STAGE_BYTES >= TILE_ROWS * RF_TILE_N * 4, "the sums take the place of the slices on their way to memory");

// Sums of neighbouring columns that are finished together.
typedef float product_run[8];

__device__ __forceinline__ void multiply_slices(float (&sums)[RF_TILE_N / 2], uint stages, ulong* full, ulong* empty, int group, int slices)
{
#pragma unroll
    for (int i = 0; i < RF_TILE_N / 2; i++)
    {
        sums[i] = 0.0f;
    }

    settle(sums);
    // Descriptors count 16 bytes: a stage further on, or the next 16 columns, is a sum.
    ulong left = matrix_descriptor<RF_SLICE * 2>(stages + group * (LEFT_BYTES / 2));
    ulong right = matrix_descriptor<RF_SLICE * 2>(stages + LEFT_BYTES);
    int stage = 0;
    uint parity = 0;
    for (int slice = 0; slice < slices; slice++)
    {
        wait_phase(full + stage, parity);
        ulong offset = (uint)stage * (STAGE_BYTES / 16);
        begin_products();
#pragma unroll
        for (int k = 0; k < RF_SLICE / 16; k++)
        {
            warpgroup_product<1>(sums, left + offset + k * 2, right + offset + k * 2);
        }

        commit_products();

        // The slice before is done with; this one goes on while the next is waited for.
        wait_products<1>();
        if (slice > 0 && threadIdx.x % 128 == 0)
        {
            arrive(empty + (stage == 0 ? RF_STAGES - 1 : stage - 1));
        }

        stage++;
        if (stage == RF_STAGES)
        {
            stage = 0;
            parity ^= 1;
        }
    }

    wait_products<0>();
}

__device__ __forceinline__ void store_pair(uint address, float first, float second)
{
    asm volatile("st.shared.v2.f32 [%0], {%1, %2};" ::"r"(address), "f"(first), "f"(second) : "memory");
}

__device__ __forceinline__ float4 load_four(uint address)
{
    float4 values;
    asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(values.x), "=f"(values.y), "=f"(values.z), "=f"(values.w)
                 : "r"(address)
                 : "memory");
    return values;
}

// Hands a group's sums to finish(row of the tile, column of the tile, eight floats). They pass through shared memory, 64 rows of floats to
// a group; chunk c of row r (four floats) is stored at c ^ 2 (r % 4).
template <typename FINISH>
__device__ __forceinline__ void finish_group(const float (&sums)[RF_TILE_N / 2], uint shared, int group, int rows, FINISH finish)
{
    uint staged = shared + group * 64 * RF_TILE_N * 4;
    int lane = threadIdx.x % 32;
    int row = threadIdx.x / 32 % 4 * 16 + lane / 4;
    uint target = staged + (row * RF_TILE_N + lane % 4 * 2) * 4;
    uint swizzle = row % 4 * 32;
#pragma unroll
    for (int n = 0; n < RF_TILE_N / 8; n++)
    {
        // Eight rows further down the swizzle is the same.
        uint address = target + ((n * 32) ^ swizzle);
        store_pair(address, sums[4 * n], sums[4 * n + 1]);
        store_pair(address + 8 * RF_TILE_N * 4, sums[4 * n + 2], sums[4 * n + 3]);
    }

    // The rows of a group are its own: each waits for itself.
    if (group == 0)
    {
        synchronize<2, 128>();
    }
    else
    {
        synchronize<3, 128>();
    }

    // A thread keeps its eight columns from row to row, and so its place in the swizzle; where the columns do not divide the threads, some
    // of these have none. Of eight neighbours, which read even chunks, half begin with the odd one, so that all banks are used.
    constexpr int PIECES = RF_TILE_N / 8;
    constexpr int STEP = 128 / PIECES / 4 * 4;
    static_assert(PIECES % 4 == 0 && STEP > 0, "rows are taken in steps that leave the swizzle as it is");
    int thread = threadIdx.x % 128;
    int first = thread / PIECES;
    int chunk = thread % PIECES * 2;
    int odd = thread / 4 % 2;
    uint source = staged + first * RF_TILE_N * 4 + ((chunk + odd) ^ (first % 4 * 2)) * 16;
    int end = first < STEP ? min(rows - group * 64, 64) : 0;
    for (int line = first; line < end; line += STEP)
    {
        float4 u = load_four(source);
        float4 v = load_four(source ^ 16);
        float4 low = odd ? v : u;
        float4 high = odd ? u : v;
        product_run values = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
        finish(group * 64 + line, chunk * 4, values);
        source += STEP * RF_TILE_N * 4;
    }
}

// load(left, right, barrier, slice), by one thread, starts the copies of a slice, STAGE_BYTES in all; finish takes the first `rows` rows.
template <typename LOAD, typename FINISH>
__device__ __forceinline__ void multiply_tile(int slices, int rows, LOAD load, FINISH finish)
{
    extern __shared__ __align__(1024) byte shared[];
    __shared__ ulong full[RF_STAGES], empty[RF_STAGES];
    uint stages = shared_address(shared);
    if (threadIdx.x == 0)
    {
        for (int stage = 0; stage < RF_STAGES; stage++)
        {
            make_barrier(full + stage, 1);
            make_barrier(empty + stage, 2);
        }

        publish_barriers();
    }

    __syncthreads();
    if (threadIdx.x < 128)
    {
        // Registers go to those who hold sums.
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        for (int slice = 0; threadIdx.x == 0 && slice < slices; slice++)
        {
            int stage = slice % RF_STAGES;
            wait_phase(empty + stage, slice / RF_STAGES % 2 ^ 1);
            expect_bytes(full + stage, STAGE_BYTES);
            load(stages + stage * STAGE_BYTES, stages + stage * STAGE_BYTES + LEFT_BYTES, full + stage, slice);
        }

        return;
    }

    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    int group = threadIdx.x / 128 - 1;
    float sums[RF_TILE_N / 2];
    multiply_slices(sums, stages, full, empty, group, slices);

    // Both groups have read the last stage, whose place the sums take.
    synchronize<1, 256>();
    finish_group(sums, stages, group, rows, finish);
}
