// The tensor-core body of attention.cu.
#pragma once

#include "common/attention_tiles.cuh"

#define FRAGMENTS (RF_ROWS / 16)
#define QUERIES (4 * RF_ROWS)
#define PARTS ((RF_HEAD_DIM + RF_VALUE_DIM - 1) / RF_VALUE_DIM)

#define QUERY_BYTES (QUERIES * PITCH(RF_HEAD_DIM) * 16)
#define KEY_BYTES (RF_KEYS * PITCH(RF_HEAD_DIM) * 16)
#define VALUE_BYTES (RF_KEYS * PITCH(RF_VALUE_DIM) * 16)
#define SHARED_BYTES (QUERY_BYTES + 2 * KEY_BYTES + 2 * VALUE_BYTES)

// One fragment of scores becomes weights; the largest score so far grows, and the factor by which earlier sums shrink is returned.
__device__ __forceinline__ float weigh(float (&scores)[RF_KEYS / 8][4], int half, float& largest, float& sum, float factor)
{
    float before = largest;
#pragma unroll
    for (int n = 0; n < RF_KEYS / 8; n++)
    {
        largest = fmaxf(largest, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
    }

    largest = fmaxf(largest, __shfl_xor_sync(0xffffffff, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(0xffffffff, largest, 2));
    float shift = largest * factor;
    float total = 0.0f;
#pragma unroll
    for (int n = 0; n < RF_KEYS / 8; n++)
    {
        float first = power_of_two(fmaf(scores[n][2 * half], factor, -shift));
        float second = power_of_two(fmaf(scores[n][2 * half + 1], factor, -shift));
        scores[n][2 * half] = first;
        scores[n][2 * half + 1] = second;
        total += first + second;
    }

    float shrink = power_of_two((before - largest) * factor);
    sum = fmaf(sum, shrink, total);
    return shrink;
}

extern "C" __global__ void __launch_bounds__(ATTENTION_THREADS) attention_forward(
    bf16* __restrict__ y, float* __restrict__ log_sum, const bf16* __restrict__ q, const bf16* __restrict__ k, const bf16* __restrict__ v,
    const int* __restrict__ key_lengths, const float* __restrict__ bias, int queries, int keys, int heads, int head_dim, float scale,
    int mask_first, int mask_skip, int mask_block, int mask_local, int mask_total)
{
    extern __shared__ __align__(128) byte shared[];
    __shared__ key_plan plan;
    int lane = threadIdx.x % 32;
    int warp_row = threadIdx.x / 32 * RF_ROWS;
    int first_query = blockIdx.x * QUERIES;
    int head = blockIdx.y;
    int sample = blockIdx.z / PARTS;
    int column = blockIdx.z % PARTS * RF_VALUE_DIM;
    long long stride = (long long)heads * head_dim;
    q += sample * queries * stride + head * head_dim;
    y += sample * queries * stride + head * head_dim;
    k += sample * keys * stride + head * head_dim;
    v += sample * keys * stride + head * head_dim;
    int bias_length = queries + keys - 1;
    int seen_keys = key_lengths == nullptr ? keys : min(keys, key_lengths[sample]);
    mask_sizes mask = {mask_first, mask_skip, mask_block, mask_local, mask_total};
    uint query_tile = shared_address(shared);
    uint key_tiles = query_tile + QUERY_BYTES;
    uint value_tiles = key_tiles + 2 * KEY_BYTES;
    copy_tile<QUERIES, RF_HEAD_DIM>(query_tile, q, stride, first_query, queries, 0, head_dim);
    plan_keys(plan, first_query, QUERIES, queries, seen_keys, mask);

    key_cursor at, next;
    bool more = first_keys(plan, at);
    if (more)
    {
        copy_tile<RF_KEYS, RF_HEAD_DIM>(key_tiles, k, stride, at.start, plan.end[at.segment], 0, head_dim);
        copy_tile<RF_KEYS, RF_VALUE_DIM>(value_tiles, v, stride, at.start, plan.end[at.segment], column, head_dim);
    }

    commit_copies();
    float output[FRAGMENTS][RF_VALUE_DIM / 8][4];
    float largest[FRAGMENTS][2], sum[FRAGMENTS][2];
#pragma unroll
    for (int f = 0; f < FRAGMENTS; f++)
    {
        largest[f][0] = largest[f][1] = UNSEEN;
        sum[f][0] = sum[f][1] = 0.0f;
#pragma unroll
        for (int n = 0; n < RF_VALUE_DIM / 8; n++)
        {
            output[f][n][0] = output[f][n][1] = output[f][n][2] = output[f][n][3] = 0.0f;
        }
    }

    // With a bias the scores are scaled before it is added; without, the factor goes into the exponent.
    float factor = RF_BIAS ? LOG2_E : scale * LOG2_E;
    for (int stage = 0; more; stage ^= 1)
    {
        next = at;
        more = next_keys(plan, next, RF_KEYS);
        if (more)
        {
            copy_tile<RF_KEYS, RF_HEAD_DIM>(key_tiles + (stage ^ 1) * KEY_BYTES, k, stride, next.start, plan.end[next.segment], 0, head_dim);
            copy_tile<RF_KEYS, RF_VALUE_DIM>(value_tiles + (stage ^ 1) * VALUE_BYTES, v, stride, next.start, plan.end[next.segment], column, head_dim);
        }

        commit_copies();
        wait_copies<1>();
        __syncthreads();

        float scores[FRAGMENTS][RF_KEYS / 8][4] = {};
        uint key_tile = key_tiles + stage * KEY_BYTES;
#pragma unroll
        for (int d = 0; d < RF_HEAD_DIM / 16; d++)
        {
            uint a[FRAGMENTS][4];
#pragma unroll
            for (int f = 0; f < FRAGMENTS; f++)
            {
                load_matrices(a[f], tile_address<RF_HEAD_DIM>(query_tile, warp_row + f * 16 + lane % 16, d * 2 + lane / 16));
            }

#pragma unroll
            for (int n = 0; n < RF_KEYS / 16; n++)
            {
                uint b[4];
                load_matrices(b, tile_address<RF_HEAD_DIM>(key_tile, n * 16 + lane % 8 + lane / 16 * 8, d * 2 + lane / 8 % 2));
#pragma unroll
                for (int f = 0; f < FRAGMENTS; f++)
                {
                    multiply_add(scores[f][2 * n], a[f], b[0], b[1]);
                    multiply_add(scores[f][2 * n + 1], a[f], b[2], b[3]);
                }
            }
        }

        int end = plan.end[at.segment];
        bool whole = at.start + RF_KEYS <= end;
        if (RF_MASK >= 2)
        {
            whole = whole && ((at.start >= plan.common[0] && at.start + RF_KEYS <= plan.common[1]) || (at.start >= plan.common[2] && at.start + RF_KEYS <= plan.common[3]));
        }

#pragma unroll
        for (int f = 0; f < FRAGMENTS; f++)
        {
#pragma unroll
            for (int half = 0; half < 2; half++)
            {
                int query = first_query + warp_row + f * 16 + half * 8 + lane / 4;
                if (RF_BIAS)
                {
                    const float* terms = bias + (long long)head * bias_length + queries - 1 - min(query, queries - 1);
#pragma unroll
                    for (int n = 0; n < RF_KEYS / 8; n++)
                    {
#pragma unroll
                        for (int i = 0; i < 2; i++)
                        {
                            int key = min(at.start + n * 8 + lane % 4 * 2 + i, keys - 1);
                            float& score = scores[f][n][2 * half + i];
                            score = round_to<bf16>(round_to<bf16>(score * scale) + terms[key]);
                        }
                    }
                }

                if (!whole)
                {
                    int4 ranges = visible_keys(query, seen_keys, mask);
#pragma unroll
                    for (int n = 0; n < RF_KEYS / 8; n++)
                    {
#pragma unroll
                        for (int i = 0; i < 2; i++)
                        {
                            int key = at.start + n * 8 + lane % 4 * 2 + i;
                            bool seen = key < end && (RF_MASK <= 1 || sees(ranges, query, key, seen_keys));
                            scores[f][n][2 * half + i] = seen ? scores[f][n][2 * half + i] : UNSEEN;
                        }
                    }
                }

                float shrink = weigh(scores[f], half, largest[f][half], sum[f][half], factor);
#pragma unroll
                for (int n = 0; n < RF_VALUE_DIM / 8; n++)
                {
                    output[f][n][2 * half] *= shrink;
                    output[f][n][2 * half + 1] *= shrink;
                }
            }
        }

        uint value_tile = value_tiles + stage * VALUE_BYTES;
#pragma unroll
        for (int j = 0; j < RF_KEYS / 16; j++)
        {
            // Weights are in the places of sums; two neighbouring fragments are one left operand.
            uint p[FRAGMENTS][4];
#pragma unroll
            for (int f = 0; f < FRAGMENTS; f++)
            {
                p[f][0] = pack_bf16(scores[f][2 * j][0], scores[f][2 * j][1]);
                p[f][1] = pack_bf16(scores[f][2 * j][2], scores[f][2 * j][3]);
                p[f][2] = pack_bf16(scores[f][2 * j + 1][0], scores[f][2 * j + 1][1]);
                p[f][3] = pack_bf16(scores[f][2 * j + 1][2], scores[f][2 * j + 1][3]);
            }

#pragma unroll
            for (int n = 0; n < RF_VALUE_DIM / 16; n++)
            {
                uint b[4];
                load_matrices_transposed(b, tile_address<RF_VALUE_DIM>(value_tile, j * 16 + lane % 16, n * 2 + lane / 16));
#pragma unroll
                for (int f = 0; f < FRAGMENTS; f++)
                {
                    multiply_add(output[f][2 * n], p[f], b[0], b[1]);
                    multiply_add(output[f][2 * n + 1], p[f], b[2], b[3]);
                }
            }
        }

        at = next;

        // These keys and values have been read by all; the next round refills their place.
        __syncthreads();
    }

    // Without keys the queries' copies may still be under way; their place is used again below.
    wait_copies<0>();
    __syncthreads();
#pragma unroll
    for (int f = 0; f < FRAGMENTS; f++)
    {
#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            float total = sum[f][half];
            total += __shfl_xor_sync(0xffffffff, total, 1);
            total += __shfl_xor_sync(0xffffffff, total, 2);
            int row = warp_row + f * 16 + half * 8 + lane / 4;
            bool any = largest[f][half] > UNSEEN;
            float inverse = any ? 1.0f / total : 0.0f;
            if (log_sum != nullptr && column == 0 && lane % 4 == 0 && first_query + row < queries)
            {
                float value = any ? largest[f][half] * factor * LN_2 + logf(total) : -__int_as_float(0x7f800000);
                log_sum[((long long)sample * heads + head) * queries + first_query + row] = value;
            }

#pragma unroll
            for (int n = 0; n < RF_VALUE_DIM / 8; n++)
            {
                put_pair<RF_VALUE_DIM>(query_tile, row, n, output[f][n][2 * half] * inverse, output[f][n][2 * half + 1] * inverse);
            }
        }
    }

    store_tile<RF_ROWS, RF_VALUE_DIM>(y + first_query * stride, stride, query_tile, warp_row, queries - first_query, column, head_dim);
}
