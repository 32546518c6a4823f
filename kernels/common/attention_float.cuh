// The float body of attention.cu: exact to float rounding, for F32 and for heads of any width.
#pragma once

#define QUERIES RF_KEYS

// Threads that share a query: each makes every LANES-th score and every LANES-th column of the result.
#define LANES (ATTENTION_THREADS / QUERIES)
#define COLUMNS ((RF_HEAD_DIM + LANES - 1) / LANES)

// An odd distance between rows keeps rows read together in different banks.
#define PITCH (RF_HEAD_DIM | 1)
#define SHARED_BYTES ((QUERIES + RF_KEYS) * PITCH * 4)

__device__ __forceinline__ void widen_tile(float* tile, const RF_T* head, long long stride, int first, int end, float factor)
{
    for (int i = threadIdx.x; i < RF_KEYS * RF_HEAD_DIM; i += ATTENTION_THREADS)
    {
        int row = i / RF_HEAD_DIM;
        int d = i % RF_HEAD_DIM;
        bool valid = first + row < end;
        float value = to_float(head[valid ? (first + row) * stride + d : 0]);
        tile[row * PITCH + d] = valid ? value * factor : 0.0f;
    }
}

extern "C" __global__ void __launch_bounds__(ATTENTION_THREADS, 1) attention_forward(
    RF_T* __restrict__ y, float* __restrict__ log_sum, const RF_T* __restrict__ q, const RF_T* __restrict__ k, const RF_T* __restrict__ v,
    const int* __restrict__ key_lengths, const float* __restrict__ bias, int queries, int keys, int heads, int head_dim, float scale,
    int mask_first, int mask_skip, int mask_block, int mask_local, int mask_total)
{
    extern __shared__ float tiles[];
    __shared__ float weights[QUERIES][RF_KEYS + 1];
    __shared__ key_plan plan;
    float* query_tile = tiles;
    float* key_tile = tiles + QUERIES * PITCH;
    int row = threadIdx.x / LANES;
    int lane = threadIdx.x % LANES;
    int first_query = blockIdx.x * QUERIES;
    int query = first_query + row;
    int head = blockIdx.y;
    int sample = blockIdx.z;
    long long stride = (long long)heads * head_dim;
    q += sample * queries * stride + head * head_dim;
    y += sample * queries * stride + head * head_dim;
    k += sample * keys * stride + head * head_dim;
    v += sample * keys * stride + head * head_dim;
    int seen_keys = key_lengths == nullptr ? keys : min(keys, key_lengths[sample]);
    mask_sizes mask = {mask_first, mask_skip, mask_block, mask_local, mask_total};
    widen_tile(query_tile, q, stride, first_query, queries, scale);
    plan_keys(plan, first_query, QUERIES, queries, seen_keys, mask);
    int4 ranges = visible_keys(query, seen_keys, mask);
    float output[COLUMNS] = {};
    float largest = UNSEEN;
    float sum = 0.0f;
    key_cursor at;
    for (bool more = first_keys(plan, at); more; more = next_keys(plan, at, RF_KEYS))
    {
        int end = plan.end[at.segment];

        // The values before have been read by all.
        __syncthreads();
        widen_tile(key_tile, k, stride, at.start, end, 1.0f);
        __syncthreads();
        float scores[RF_KEYS / LANES] = {};
#pragma unroll 4
        for (int d = 0; d < RF_HEAD_DIM; d++)
        {
            float u = query_tile[row * PITCH + d];
#pragma unroll
            for (int j = 0; j < RF_KEYS / LANES; j++)
            {
                scores[j] = fmaf(u, key_tile[(j * LANES + lane) * PITCH + d], scores[j]);
            }
        }

        float before = largest;
#pragma unroll
        for (int j = 0; j < RF_KEYS / LANES; j++)
        {
            int key = at.start + j * LANES + lane;
            if (RF_BIAS)
            {
                int entry = min(key, keys - 1) + queries - 1 - min(query, queries - 1);
                scores[j] = round_to<RF_T>(round_to<RF_T>(scores[j]) + bias[(long long)head * (queries + keys - 1) + entry]);
            }

            scores[j] = key < end && sees(ranges, query, key, seen_keys) ? scores[j] : UNSEEN;
            largest = fmaxf(largest, scores[j]);
        }

#pragma unroll
        for (int step = LANES / 2; step > 0; step /= 2)
        {
            largest = fmaxf(largest, __shfl_xor_sync(0xffffffff, largest, step));
        }

        float shrink = expf(before - largest);
        sum *= shrink;
#pragma unroll
        for (int j = 0; j < RF_KEYS / LANES; j++)
        {
            float weight = expf(scores[j] - largest);
            weights[row][j * LANES + lane] = weight;
            sum += weight;
        }

#pragma unroll
        for (int i = 0; i < COLUMNS; i++)
        {
            output[i] *= shrink;
        }

        // Keys have been read by all: values take their place.
        __syncthreads();
        widen_tile(key_tile, v, stride, at.start, end, 1.0f);
        __syncthreads();
#pragma unroll 1
        for (int key = 0; key < RF_KEYS; key++)
        {
            float weight = weights[row][key];
#pragma unroll
            for (int i = 0; i < COLUMNS; i++)
            {
                int d = min(i * LANES + lane, RF_HEAD_DIM - 1);
                output[i] = fmaf(weight, key_tile[key * PITCH + d], output[i]);
            }
        }
    }

#pragma unroll
    for (int step = LANES / 2; step > 0; step /= 2)
    {
        sum += __shfl_xor_sync(0xffffffff, sum, step);
    }

    if (query >= queries)
    {
        return;
    }

    bool any = largest > UNSEEN;
    if (log_sum != nullptr && lane == 0)
    {
        log_sum[((long long)sample * heads + head) * queries + query] = any ? largest + logf(sum) : -__int_as_float(0x7f800000);
    }

#pragma unroll
    for (int i = 0; i < COLUMNS; i++)
    {
        int d = i * LANES + lane;
        if (d < RF_HEAD_DIM)
        {
            store_float(y + query * stride + d, any ? output[i] / sum : 0.0f);
        }
    }
}
