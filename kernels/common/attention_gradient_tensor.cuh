// The tensor-core body of attention_gradient.cu. Blocks of queries and of keys differ in names only: both own two tiles (q and dy, or k and v) of
// 16 rows to a warp, and two tiles of the other side pass by. Weights are in the places of sums, so they never leave the registers.
#pragma once

#define ATTENTION_THREADS (32 * RF_WARPS)
#include "common/attention_tiles.cuh"

#define OWN_ROWS (16 * RF_WARPS)
#define PARTS (RF_HEAD_DIM / RF_VALUE_DIM)
#define OWN_BYTES (OWN_ROWS * PITCH(RF_HEAD_DIM) * 16)
#define PASSING_BYTES (RF_STEP * PITCH(RF_HEAD_DIM) * 16)
#define SHARED_BYTES (2 * OWN_BYTES + 2 * RF_STAGES * PASSING_BYTES)

typedef float step_sums[RF_STEP / 8][4];
typedef float value_sums[RF_VALUE_DIM / 8][4];

__device__ __forceinline__ void clear_sums(value_sums& sums)
{
#pragma unroll
    for (int n = 0; n < RF_VALUE_DIM / 8; n++)
    {
        sums[n][0] = sums[n][1] = sums[n][2] = sums[n][3] = 0.0f;
    }
}

// The products of this warp's rows of a tile and all rows of a passing one.
__device__ __forceinline__ void multiply_tiles(step_sums& sums, uint own, uint passing)
{
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int n = 0; n < RF_STEP / 8; n++)
    {
        sums[n][0] = sums[n][1] = sums[n][2] = sums[n][3] = 0.0f;
    }

#pragma unroll
    for (int d = 0; d < RF_HEAD_DIM / 16; d++)
    {
        uint a[4];
        load_matrices(a, tile_address<RF_HEAD_DIM>(own, threadIdx.x / 32 * 16 + lane % 16, d * 2 + lane / 16));
#pragma unroll
        for (int n = 0; n < RF_STEP / 16; n++)
        {
            uint b[4];
            load_matrices(b, tile_address<RF_HEAD_DIM>(passing, n * 16 + lane % 8 + lane / 16 * 8, d * 2 + lane / 8 % 2));
            multiply_add(sums[2 * n], a, b[0], b[1]);
            multiply_add(sums[2 * n + 1], a, b[2], b[3]);
        }
    }
}

// Adds the passing rows times their weights.
__device__ __forceinline__ void add_rows(value_sums& sums, const step_sums& weights, uint passing, int column)
{
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int j = 0; j < RF_STEP / 16; j++)
    {
        uint p[4];
        p[0] = pack_bf16(weights[2 * j][0], weights[2 * j][1]);
        p[1] = pack_bf16(weights[2 * j][2], weights[2 * j][3]);
        p[2] = pack_bf16(weights[2 * j + 1][0], weights[2 * j + 1][1]);
        p[3] = pack_bf16(weights[2 * j + 1][2], weights[2 * j + 1][3]);
#pragma unroll
        for (int n = 0; n < RF_VALUE_DIM / 16; n++)
        {
            uint b[4];
            load_matrices_transposed(b, tile_address<RF_HEAD_DIM>(passing, j * 16 + lane % 16, column / 8 + n * 2 + lane / 16));
            multiply_add(sums[2 * n], p, b[0], b[1]);
            multiply_add(sums[2 * n + 1], p, b[2], b[3]);
        }
    }
}

// Stores this warp's sums, by way of its rows of a tile that nobody reads any more. `target` points at row 0 of the tile, of `rows`.
__device__ __forceinline__ void store_sums(bf16* target, const value_sums& sums, float factor, long long stride, uint tile, int rows, int column, int head_dim)
{
    int row = threadIdx.x / 32 * 16;
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
#pragma unroll
        for (int n = 0; n < RF_VALUE_DIM / 8; n++)
        {
            put_pair<RF_VALUE_DIM>(tile, row + half * 8 + threadIdx.x % 32 / 4, n, sums[n][2 * half] * factor, sums[n][2 * half + 1] * factor);
        }
    }

    store_tile<16, RF_VALUE_DIM>(target, stride, tile, row, rows, column, head_dim);
}

// A score becomes a weight, and the product of gradient and value that of the score. `level` is log_sum in powers of two.
__device__ __forceinline__ void weigh(float& score, float& slope, float factor, float scale, float term, float level, float delta, bool seen)
{
    score = RF_BIAS ? round_to<bf16>(round_to<bf16>(score * scale) + term) : score;
    score = seen ? power_of_two(fmaf(score, factor, -level)) : 0.0f;
    slope = seen ? score * (slope - delta) : 0.0f;
}

// load(stage) starts the copies of the rows that pass next, step(stage) multiplies those that have come.
template <typename LOAD, typename STEP>
__device__ __forceinline__ void pass_rows(const key_plan& plan, LOAD load, STEP step)
{
    key_cursor at, next;
    bool more = first_keys(plan, at);
    if (more)
    {
        load(0, at);
    }

    commit_copies();
    for (int stage = 0; more; stage = RF_STAGES == 2 ? stage ^ 1 : 0)
    {
        next = at;
        more = next_keys(plan, next, RF_STEP);
        if (RF_STAGES == 2)
        {
            if (more)
            {
                load(stage ^ 1, next);
            }

            commit_copies();
        }

        wait_copies<RF_STAGES - 1>();
        __syncthreads();
        step(stage, at);
        at = next;

        // These rows have been read by all; the next ones take their place.
        __syncthreads();
        if (RF_STAGES == 1 && more)
        {
            load(0, at);
            commit_copies();
        }
    }

    // Where nothing passed, owned rows may still be on their way to places that are used again.
    wait_copies<0>();
    __syncthreads();
}

extern "C" __global__ void __launch_bounds__(ATTENTION_THREADS) attention_gradient_backward_query(
    bf16* __restrict__ dq, const bf16* __restrict__ dy, const bf16* __restrict__ q, const bf16* __restrict__ k, const bf16* __restrict__ v,
    const float2* __restrict__ rows, const float* __restrict__ bias, int queries, int keys, int heads, int head_dim, float scale,
    int mask_first, int mask_skip, int mask_block, int mask_local, int mask_total)
{
    extern __shared__ __align__(128) byte shared[];
    __shared__ key_plan plan;
    int lane = threadIdx.x % 32;
    int first_query = blockIdx.x * OWN_ROWS;
    int head = blockIdx.y;
    int sample = blockIdx.z / PARTS;
    int column = blockIdx.z % PARTS * RF_VALUE_DIM;
    long long stride = (long long)heads * head_dim;
    long long at_queries = sample * queries * stride + head * head_dim;
    k += sample * keys * stride + head * head_dim;
    v += sample * keys * stride + head * head_dim;
    mask_sizes mask = {mask_first, mask_skip, mask_block, mask_local, mask_total};
    uint own = shared_address(shared);
    uint passing = own + 2 * OWN_BYTES;
    copy_tile<OWN_ROWS, RF_HEAD_DIM>(own, q + at_queries, stride, first_query, queries, 0, head_dim);
    copy_tile<OWN_ROWS, RF_HEAD_DIM>(own + OWN_BYTES, dy + at_queries, stride, first_query, queries, 0, head_dim);
    plan_keys(plan, first_query, OWN_ROWS, queries, keys, mask);
    int query = first_query + threadIdx.x / 32 * 16 + lane / 4;
    float level[2], delta[2];
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        bool valid = query + half * 8 < queries;
        float2 row = rows[((long long)sample * heads + head) * queries + (valid ? query + half * 8 : 0)];
        level[half] = valid ? row.x * LOG2_E : __int_as_float(0x7f800000);
        delta[half] = valid ? row.y : 0.0f;
    }

    float factor = RF_BIAS ? LOG2_E : scale * LOG2_E;
    value_sums sums;
    clear_sums(sums);
    pass_rows(
        plan,
        [&](int stage, const key_cursor& at) {
            uint tile = passing + stage * 2 * PASSING_BYTES;
            copy_tile<RF_STEP, RF_HEAD_DIM>(tile, k, stride, at.start, plan.end[at.segment], 0, head_dim);
            copy_tile<RF_STEP, RF_HEAD_DIM>(tile + PASSING_BYTES, v, stride, at.start, plan.end[at.segment], 0, head_dim);
        },
        [&](int stage, const key_cursor& at) {
            uint tile = passing + stage * 2 * PASSING_BYTES;
            step_sums scores, slopes;
            multiply_tiles(scores, own, tile);
            multiply_tiles(slopes, own + OWN_BYTES, tile + PASSING_BYTES);
            int end = plan.end[at.segment];
#pragma unroll
            for (int half = 0; half < 2; half++)
            {
                int4 ranges = visible_keys(query + half * 8, keys, mask);
                const float* terms = bias + (long long)head * (queries + keys - 1) + queries - 1 - min(query + half * 8, queries - 1);
#pragma unroll
                for (int n = 0; n < RF_STEP / 8; n++)
                {
#pragma unroll
                    for (int i = 0; i < 2; i++)
                    {
                        int key = at.start + n * 8 + lane % 4 * 2 + i;
                        bool seen = key < end && (RF_MASK <= 1 || sees(ranges, query + half * 8, key, keys));
                        float term = RF_BIAS ? terms[min(key, keys - 1)] : 0.0f;
                        weigh(scores[n][2 * half + i], slopes[n][2 * half + i], factor, scale, term, level[half], delta[half], seen);
                    }
                }
            }

            add_rows(sums, slopes, tile, column);
        });
    store_sums(dq + at_queries + first_query * stride, sums, scale, stride, own, queries - first_query, column, head_dim);
}

extern "C" __global__ void __launch_bounds__(ATTENTION_THREADS) attention_gradient_backward_key(
    bf16* __restrict__ dk, bf16* __restrict__ dv, const bf16* __restrict__ dy, const bf16* __restrict__ q, const bf16* __restrict__ k,
    const bf16* __restrict__ v, const float2* __restrict__ rows, const float* __restrict__ bias, int queries, int keys, int heads,
    int head_dim, float scale, int mask_first, int mask_skip, int mask_block, int mask_local, int mask_total)
{
    extern __shared__ __align__(128) byte shared[];
    __shared__ key_plan plan;

    // What belongs to the passing queries: level and delta, and the keys they see.
    __shared__ float2 levels[RF_STAGES][RF_STEP];
    __shared__ int4 seen_keys[RF_MASK >= 2 ? RF_STAGES : 1][RF_STEP];
    int lane = threadIdx.x % 32;
    int first_key = blockIdx.x * OWN_ROWS;
    int head = blockIdx.y;
    int sample = blockIdx.z / PARTS;
    int column = blockIdx.z % PARTS * RF_VALUE_DIM;
    long long stride = (long long)heads * head_dim;
    long long at_keys = sample * keys * stride + head * head_dim;
    q += sample * queries * stride + head * head_dim;
    dy += sample * queries * stride + head * head_dim;
    rows += ((long long)sample * heads + head) * queries;
    mask_sizes mask = {mask_first, mask_skip, mask_block, mask_local, mask_total};
    uint own = shared_address(shared);
    uint passing = own + 2 * OWN_BYTES;

    // Keys that no query sees are not read: a cache holds anything there.
    int4 all = visible_keys(0, keys, mask);
    auto has = [&](int row) { return row < keys && (RF_MASK >= 2 || sees(all, 0, row, keys)); };
    copy_rows_of<OWN_ROWS, RF_HEAD_DIM>(own, k + at_keys, stride, first_key, 0, head_dim, has);
    copy_rows_of<OWN_ROWS, RF_HEAD_DIM>(own + OWN_BYTES, v + at_keys, stride, first_key, 0, head_dim, has);
    plan_queries(plan, first_key, OWN_ROWS, queries, keys, mask);
    int key = first_key + threadIdx.x / 32 * 16 + lane / 4;
    bool exists[2] = {has(key), has(key + 8)};
    float factor = RF_BIAS ? LOG2_E : scale * LOG2_E;
    value_sums key_sums, sums;
    clear_sums(key_sums);
    clear_sums(sums);
    pass_rows(
        plan,
        [&](int stage, const key_cursor& at) {
            uint tile = passing + stage * 2 * PASSING_BYTES;
            int end = plan.end[at.segment];
            copy_tile<RF_STEP, RF_HEAD_DIM>(tile, q, stride, at.start, end, 0, head_dim);
            copy_tile<RF_STEP, RF_HEAD_DIM>(tile + PASSING_BYTES, dy, stride, at.start, end, 0, head_dim);
            if (threadIdx.x < RF_STEP)
            {
                int query = at.start + threadIdx.x;
                float2 row = query < end ? rows[query] : make_float2(__int_as_float(0x7f800000), 0.0f);
                levels[stage][threadIdx.x] = make_float2(row.x * LOG2_E, row.y);
                if (RF_MASK >= 2)
                {
                    seen_keys[stage][threadIdx.x] = visible_keys(query, keys, mask);
                }
            }
        },
        [&](int stage, const key_cursor& at) {
            uint tile = passing + stage * 2 * PASSING_BYTES;
            step_sums scores, slopes;
            multiply_tiles(scores, own, tile);
            multiply_tiles(slopes, own + OWN_BYTES, tile + PASSING_BYTES);
#pragma unroll
            for (int n = 0; n < RF_STEP / 8; n++)
            {
#pragma unroll
                for (int i = 0; i < 2; i++)
                {
                    int place = n * 8 + lane % 4 * 2 + i;
                    float2 row = levels[stage][place];
                    int4 ranges = RF_MASK >= 2 ? seen_keys[stage][place] : all;
#pragma unroll
                    for (int half = 0; half < 2; half++)
                    {
                        // A query past the end weighs nothing: its level is infinite.
                        int query = at.start + place;
                        bool seen = exists[half] && (RF_MASK <= 1 || sees(ranges, query, key + half * 8, keys));
                        float term = 0.0f;
                        if (RF_BIAS)
                        {
                            int entry = queries - 1 + min(key + half * 8, keys - 1) - min(query, queries - 1);
                            term = bias[(long long)head * (queries + keys - 1) + entry];
                        }

                        weigh(scores[n][2 * half + i], slopes[n][2 * half + i], factor, scale, term, row.x, row.y, seen);
                    }
                }
            }

            add_rows(sums, scores, tile + PASSING_BYTES, column);
            add_rows(key_sums, slopes, tile, column);
        });
    store_sums(dk + at_keys + first_key * stride, key_sums, scale, stride, own, keys - first_key, column, head_dim);
    store_sums(dv + at_keys + first_key * stride, sums, 1.0f, stride, own + OWN_BYTES, keys - first_key, column, head_dim);
}
