// Rows of x times rows of weight on the tensor cores of sm_90a, for linear_sm90 and fused_mlp_sm90.
//
// A block makes 128 x RF_TILE_N: one warpgroup only starts copies of the tensor copy engine, two make 64 rows each. 64 columns of x and
// weight at a time, RF_STAGES of them in flight; `full` counts the bytes that came, `empty` the warpgroups that are done with a stage.
#pragma once

#include "common/tensor_copy.cuh"
#include "common/warpgroup.cuh"

#define LINEAR_THREADS 384
#define SLICE 64
#define LEFT_BYTES (128 * SLICE * 2)
#define RIGHT_BYTES (RF_TILE_N * SLICE * 2)

// Sums of neighbouring columns that are finished together.
typedef float linear_sums[8];

__device__ __forceinline__ void load_slices(
    uint stages, ulong* full, ulong* empty, const tensor_map* x, const tensor_map* weight, int row, int column, int slices)
{
    for (int slice = 0; slice < slices; slice++)
    {
        int stage = slice % RF_STAGES;
        wait_phase(empty + stage, slice / RF_STAGES % 2 ^ 1);
        expect_bytes(full + stage, LEFT_BYTES + RIGHT_BYTES);
        uint target = stages + stage * (LEFT_BYTES + RIGHT_BYTES);
        copy_box(target, x, full + stage, slice * SLICE, row);
        copy_box(target + LEFT_BYTES, weight, full + stage, slice * SLICE, column);
    }
}

__device__ __forceinline__ void multiply_slices(float (&sums)[RF_TILE_N / 2], uint stages, ulong* full, ulong* empty, int group, int slices)
{
#pragma unroll
    for (int i = 0; i < RF_TILE_N / 2; i++)
    {
        sums[i] = 0.0f;
    }

    for (int slice = 0; slice < slices; slice++)
    {
        int stage = slice % RF_STAGES;
        wait_phase(full + stage, slice / RF_STAGES % 2);
        uint left = stages + stage * (LEFT_BYTES + RIGHT_BYTES) + group * (LEFT_BYTES / 2);
        uint right = stages + stage * (LEFT_BYTES + RIGHT_BYTES) + LEFT_BYTES;
        begin_products();
#pragma unroll
        for (int k = 0; k < SLICE / 16; k++)
        {
            warpgroup_product<1>(sums, matrix_descriptor(left + k * 32), matrix_descriptor(right + k * 32));
        }

        commit_products();

        // The slice before is done with; this one goes on while the next is waited for.
        wait_products<1>();
        if (slice > 0 && threadIdx.x % 128 == 0)
        {
            arrive(empty + (slice - 1) % RF_STAGES);
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
    asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(values.x), "=f"(values.y), "=f"(values.z), "=f"(values.w) : "r"(address) : "memory");
    return values;
}

template <typename FINISH>
__device__ __forceinline__ void multiply_rows(
    const tensor_map* x, const tensor_map* weight, long long rows, int outputs, int inputs, FINISH finish)
{
    extern __shared__ __align__(1024) byte shared[];
    __shared__ ulong full[RF_STAGES], empty[RF_STAGES];
    uint stages = shared_address(shared);
    long long row0 = (long long)blockIdx.x * 128;
    int column0 = blockIdx.y * RF_TILE_N;
    int slices = (inputs + SLICE - 1) / SLICE;
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
        if (threadIdx.x == 0)
        {
            load_slices(stages, full, empty, x, weight, (int)row0, column0, slices);
        }

        return;
    }

    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    int group = threadIdx.x / 128 - 1;
    float sums[RF_TILE_N / 2];
    multiply_slices(sums, stages, full, empty, group, slices);

    // Both groups have read the last stage, whose place the sums take on their way to memory: 64 rows of floats to a group, chunk c of
    // row r (four floats) stored at c ^ 2 (r % 4).
    synchronize<1, 256>();
    uint staged = stages + group * 64 * RF_TILE_N * 4;
    int lane = threadIdx.x % 32;
    int row = threadIdx.x / 32 % 4 * 16 + lane / 4;
    uint target = staged + (row * RF_TILE_N + row % 4 * 8 + lane % 4 * 2) * 4;
#pragma unroll
    for (int n = 0; n < RF_TILE_N / 8; n++)
    {
        // Two chunks further on. Eight rows further down the swizzle is the same.
        store_pair(target ^ (n * 32), sums[4 * n], sums[4 * n + 1]);
        store_pair((target ^ (n * 32)) + 8 * RF_TILE_N * 4, sums[4 * n + 2], sums[4 * n + 3]);
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

    // A thread keeps its eight columns from row to row, and so its place in the swizzle. Of eight neighbours, which read even chunks, half
    // begin with the odd one, so that all banks are used.
    constexpr int PIECES = RF_TILE_N / 8;
    constexpr int STEP = 128 / PIECES;
    static_assert(STEP % 4 == 0, "rows are taken in steps that leave the swizzle as it is");
    int first_row = threadIdx.x % 128 / PIECES;
    int chunk = threadIdx.x % PIECES * 2;
    int odd = threadIdx.x / 4 % 2;
    uint source = staged + first_row * RF_TILE_N * 4 + ((chunk + odd) ^ (first_row % 4 * 2)) * 16;
    int left = (int)min(rows - row0 - group * 64, 64LL);
    for (int line = first_row; line < left; line += STEP)
    {
        float4 u = load_four(source);
        float4 v = load_four(source ^ 16);
        float4 low = odd ? v : u;
        float4 high = odd ? u : v;
        linear_sums values = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
        finish(row0 + group * 64 + line, column0 + chunk * 4, values);
        source += STEP * RF_TILE_N * 4;
    }
}
