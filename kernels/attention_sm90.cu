// attention_sm90: y[i, n] = sum_j p_ij v[j, n],   p_ij = softmax_j(scale * q[i, n] . k[j, n]), the contract of attention.cu for sm_90a,
// one sample, heads of 128, every query sees every key
//
//   y          [L, N, 128]   bf16
//   q          [L, N, 128]   bf16     tensor map of [L, N 128]: boxes of 64 columns and 128 rows, 128-byte swizzle
//   k, v       [S, N, 128]   bf16     tensor maps of [S, N 128]: the same boxes; rows past S come as zeros
//   log_sum    [N, L]        float    ln sum_j exp(score); null for none
//
// scale > 0. One warpgroup starts tensor copies; two take 64 queries each, 128 keys at a time. They take turns (ping-pong): while one
// computes exponentials the other's products run. Within a group the product of weights and values runs beside the next scores'
// exponentials (Shah et al. 2024, FlashAttention-3, algorithms 1 and 2). Grid: (tiles of 128 queries, N), 384 threads; dynamic shared
// memory: 5 * 32768 bytes. Launched by Attention.Cuda.cs.
//
// Variants(sm_90a): RF_T=bf16
#include "common/pack.cuh"
#include "common/tensor_copy.cuh"
#include "common/warpgroup.cuh"

#define THREADS 384
#define STAGES 2
#define KEYS 128
#define QUERIES 128
#define HEAD_DIM 128

// A tile is two boxes of 64 columns.
#define BOX_BYTES (KEYS * 128)
#define TILE_BYTES (2 * BOX_BYTES)

#define UNSEEN -1.2676506e30f
#define LOG2_E 1.44269504f
#define LN_2 0.693147181f

struct pipeline
{
    ulong queries;
    ulong full_keys[STAGES];
    ulong full_values[STAGES];
    ulong empty_keys[STAGES];
    ulong empty_values[STAGES];
};

__device__ __forceinline__ void copy_tile(uint target, const tensor_map* map, ulong* barrier, int column, int row)
{
    expect_bytes(barrier, TILE_BYTES);
    copy_box(target, map, barrier, column, row);
    copy_box(target + BOX_BYTES, map, barrier, column + 64, row);
}

__device__ __forceinline__ void produce(
    pipeline& at, uint query_tile, const tensor_map* q, const tensor_map* k, const tensor_map* v, int first_query, int column, int tiles)
{
    uint key_tiles = query_tile + TILE_BYTES;
    uint value_tiles = key_tiles + STAGES * TILE_BYTES;
    copy_tile(query_tile, q, &at.queries, column, first_query);
    for (int tile = 0; tile < tiles; tile++)
    {
        int stage = tile % STAGES;
        uint parity = tile / STAGES % 2 ^ 1;
        wait_phase(at.empty_keys + stage, parity);
        copy_tile(key_tiles + stage * TILE_BYTES, k, at.full_keys + stage, column, tile * KEYS);
        wait_phase(at.empty_values + stage, parity);
        copy_tile(value_tiles + stage * TILE_BYTES, v, at.full_values + stage, column, tile * KEYS);
    }
}

// Starts scores = queries keys^T for the 64 queries at `queries`.
__device__ __forceinline__ void start_scores(float (&scores)[KEYS / 2], uint queries, uint keys)
{
    begin_products();
    warpgroup_product<0>(scores, matrix_descriptor<128>(queries), matrix_descriptor<128>(keys));
#pragma unroll
    for (int d = 1; d < HEAD_DIM / 16; d++)
    {
        uint offset = d / 4 * BOX_BYTES + d % 4 * 32;
        warpgroup_product<1>(scores, matrix_descriptor<128>(queries + offset), matrix_descriptor<128>(keys + offset));
    }

    commit_products();
}

// Starts output += weights values.
__device__ __forceinline__ void start_output(float (&output)[HEAD_DIM / 2], const uint (&weights)[KEYS / 16][4], uint values)
{
    begin_products();
#pragma unroll
    for (int j = 0; j < KEYS / 16; j++)
    {
        warpgroup_product(output, weights[j], transposed_descriptor(values + j * 16 * 128, BOX_BYTES));
    }

    commit_products();
}

__device__ __forceinline__ float power_of_two(float x)
{
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// Scores become weights; the largest so far grows, and the factor by which what was summed before shrinks is returned.
__device__ __forceinline__ float2 weigh(float (&scores)[KEYS / 2], float2& largest, float2& sum, float factor, int first_key, int keys)
{
    if (first_key + KEYS > keys)
    {
#pragma unroll
        for (int i = 0; i < KEYS / 2; i++)
        {
            int key = first_key + i / 4 * 8 + threadIdx.x % 4 * 2 + i % 2;
            scores[i] = key < keys ? scores[i] : UNSEEN;
        }
    }

    float2 before = largest;
#pragma unroll
    for (int i = 0; i < KEYS / 2; i += 4)
    {
        largest.x = fmaxf(largest.x, fmaxf(scores[i], scores[i + 1]));
        largest.y = fmaxf(largest.y, fmaxf(scores[i + 2], scores[i + 3]));
    }

#pragma unroll
    for (int step = 1; step <= 2; step *= 2)
    {
        largest.x = fmaxf(largest.x, __shfl_xor_sync(0xffffffff, largest.x, step));
        largest.y = fmaxf(largest.y, __shfl_xor_sync(0xffffffff, largest.y, step));
    }

    float2 shift = make_float2(largest.x * factor, largest.y * factor);
    float2 total = make_float2(0.0f, 0.0f);
#pragma unroll
    for (int i = 0; i < KEYS / 2; i += 4)
    {
        scores[i] = power_of_two(fmaf(scores[i], factor, -shift.x));
        scores[i + 1] = power_of_two(fmaf(scores[i + 1], factor, -shift.x));
        scores[i + 2] = power_of_two(fmaf(scores[i + 2], factor, -shift.y));
        scores[i + 3] = power_of_two(fmaf(scores[i + 3], factor, -shift.y));
        total.x += scores[i] + scores[i + 1];
        total.y += scores[i + 2] + scores[i + 3];
    }

    float2 shrink = make_float2(power_of_two((before.x - largest.x) * factor), power_of_two((before.y - largest.y) * factor));
    sum = make_float2(fmaf(sum.x, shrink.x, total.x), fmaf(sum.y, shrink.y, total.y));
    return shrink;
}

__device__ __forceinline__ void pack_weights(uint (&weights)[KEYS / 16][4], const float (&scores)[KEYS / 2])
{
#pragma unroll
    for (int i = 0; i < KEYS / 4; i++)
    {
        weights[i / 4][i % 4] = pack_bf16(scores[2 * i], scores[2 * i + 1]);
    }
}

// Waits for this group's turn to start products, and gives the turn away.
__device__ __forceinline__ void take_turn(int group)
{
    if (group == 0)
    {
        synchronize<1, 256>();
    }
    else
    {
        synchronize<2, 256>();
    }
}

__device__ __forceinline__ void pass_turn(int group)
{
    if (group == 0)
    {
        announce<2, 256>();
    }
    else
    {
        announce<1, 256>();
    }
}

__device__ __forceinline__ void consume(
    pipeline& at, uint query_tile, int group, float (&output)[HEAD_DIM / 2], float2& largest, float2& sum, float factor, int keys, int tiles)
{
    bool signals = threadIdx.x % 128 == 0;
    uint queries = query_tile + group * 64 * 128;
    uint key_tiles = query_tile + TILE_BYTES;
    uint value_tiles = key_tiles + STAGES * TILE_BYTES;
    float scores[KEYS / 2];
    uint weights[KEYS / 16][4];
    wait_phase(&at.queries, 0);
    if (group == 1)
    {
        pass_turn(group);
    }

    // The first scores have no product of weights and values beside them, and there is nothing yet that could shrink.
    wait_phase(at.full_keys, 0);
    take_turn(group);
    start_scores(scores, queries, key_tiles);

    // The second group keeps its last turn: nobody waits for it any more.
    if (group == 0 || tiles > 1)
    {
        pass_turn(group);
    }

    wait_products<0>();
    if (signals)
    {
        arrive(at.empty_keys);
    }

    weigh(scores, largest, sum, factor, 0, keys);
    pack_weights(weights, scores);
    for (int tile = 1; tile < tiles; tile++)
    {
        int stage = tile % STAGES;
        int last = (tile - 1) % STAGES;
        wait_phase(at.full_keys + stage, tile / STAGES % 2);
        wait_phase(at.full_values + last, (tile - 1) / STAGES % 2);
        settle(weights);
        settle(output);
        take_turn(group);
        start_scores(scores, queries, key_tiles + stage * TILE_BYTES);
        start_output(output, weights, value_tiles + last * TILE_BYTES);
        if (group == 0 || tile + 1 < tiles)
        {
            pass_turn(group);
        }

        wait_products<1>();
        if (signals)
        {
            arrive(at.empty_keys + stage);
        }

        float2 shrink = weigh(scores, largest, sum, factor, tile * KEYS, keys);
        wait_products<0>();
        if (signals)
        {
            arrive(at.empty_values + last);
        }

#pragma unroll
        for (int i = 0; i < HEAD_DIM / 2; i += 4)
        {
            output[i] *= shrink.x;
            output[i + 1] *= shrink.x;
            output[i + 2] *= shrink.y;
            output[i + 3] *= shrink.y;
        }

        pack_weights(weights, scores);
    }

    int last = (tiles - 1) % STAGES;
    wait_phase(at.full_values + last, (tiles - 1) / STAGES % 2);
    start_output(output, weights, value_tiles + last * TILE_BYTES);
    wait_products<0>();
}

extern "C" __global__ void __launch_bounds__(THREADS, 1) attention_forward(
    RF_T* __restrict__ y, float* __restrict__ log_sum, const __grid_constant__ tensor_map q, const __grid_constant__ tensor_map k,
    const __grid_constant__ tensor_map v, int queries, int keys, int heads, float scale)
{
    extern __shared__ __align__(1024) byte shared[];
    __shared__ pipeline at;
    uint query_tile = shared_address(shared);
    int first_query = blockIdx.x * QUERIES;
    int head = blockIdx.y;
    int tiles = (keys + KEYS - 1) / KEYS;
    if (threadIdx.x == 0)
    {
        make_barrier(&at.queries, 1);
        for (int stage = 0; stage < STAGES; stage++)
        {
            make_barrier(at.full_keys + stage, 1);
            make_barrier(at.full_values + stage, 1);
            make_barrier(at.empty_keys + stage, 2);
            make_barrier(at.empty_values + stage, 2);
        }

        publish_barriers();
    }

    __syncthreads();
    if (threadIdx.x < 128)
    {
        // Registers go to those who hold sums.
        asm volatile("setmaxnreg.dec.sync.aligned.u32 24;");
        if (threadIdx.x == 0)
        {
            produce(at, query_tile, &q, &k, &v, first_query, head * HEAD_DIM, tiles);
        }

        return;
    }

    asm volatile("setmaxnreg.inc.sync.aligned.u32 240;");
    int group = threadIdx.x / 128 - 1;
    float output[HEAD_DIM / 2] = {};
    float2 largest = make_float2(UNSEEN, UNSEEN);
    float2 sum = make_float2(0.0f, 0.0f);
    float factor = scale * LOG2_E;
    consume(at, query_tile, group, output, largest, sum, factor, keys, tiles);
#pragma unroll
    for (int step = 1; step <= 2; step *= 2)
    {
        sum.x += __shfl_xor_sync(0xffffffff, sum.x, step);
        sum.y += __shfl_xor_sync(0xffffffff, sum.y, step);
    }

    // A group's results take the place of its own queries, which no warp of the group reads any more, and leave from there.
    if (group == 0)
    {
        synchronize<3, 128>();
    }
    else
    {
        synchronize<4, 128>();
    }

    int lane = threadIdx.x % 32;
    int row = group * 64 + threadIdx.x / 32 % 4 * 16 + lane / 4;
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        float total = half == 0 ? sum.x : sum.y;
        float inverse = 1.0f / total;
        int line = row + half * 8;
        if (log_sum != nullptr && lane % 4 == 0 && first_query + line < queries)
        {
            log_sum[(long long)head * queries + first_query + line] = (half == 0 ? largest.x : largest.y) * factor * LN_2 + logf(total);
        }

#pragma unroll
        for (int n = 0; n < HEAD_DIM / 8; n++)
        {
            uint pair = pack_bf16(output[4 * n + 2 * half] * inverse, output[4 * n + 2 * half + 1] * inverse);
            uint address = query_tile + n / 8 * BOX_BYTES + line * 128 + ((n % 8) ^ (line % 8)) * 16 + lane % 4 * 4;
            asm volatile("st.shared.u32 [%0], %1;" ::"r"(address), "r"(pair) : "memory");
        }
    }

    __syncwarp();
    int warp_row = group * 64 + threadIdx.x / 32 % 4 * 16;
    for (int i = lane; i < 16 * (HEAD_DIM / 8); i += 32)
    {
        int line = warp_row + i / (HEAD_DIM / 8);
        int n = i % (HEAD_DIM / 8);
        if (first_query + line < queries)
        {
            uint4 piece;
            asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(piece.x), "=r"(piece.y), "=r"(piece.z), "=r"(piece.w)
                         : "r"(query_tile + n / 8 * BOX_BYTES + line * 128 + ((n % 8) ^ (line % 8)) * 16)
                         : "memory");
            *(uint4*)(y + ((long long)(first_query + line) * heads + head) * HEAD_DIM + n * 8) = piece;
        }
    }
}
