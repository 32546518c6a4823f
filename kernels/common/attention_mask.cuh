// Which keys a query sees, and which keys a block of queries has to go through. Twin of AttentionMask.cs.
//
// RF_MASK: 0 all keys, 1 a window, 2 block-causal, 3 teacher forcing. With 0 and 1 every query sees the same keys and no other key is
// ever read: a cache holds anything there. With 2 and 3 a query sees its own position too.
#pragma once

#include "common/bf16.cuh"

struct mask_sizes
{
    int first;
    int skip;
    int block;
    int local;
    int total;
};

// [x, y) and [z, w), cut off at `keys`.
__device__ __forceinline__ int4 visible_keys(int query, int keys, mask_sizes mask)
{
    int4 ranges = make_int4(0, keys, keys, keys);
#if RF_MASK == 1
    ranges = make_int4(0, mask.first, mask.skip, mask.total);
#elif RF_MASK == 2
    int end = query < mask.first ? mask.first : mask.first + mask.block * ((query - mask.first) / mask.block + 1);
    int start = mask.local < 0 ? 0 : max(0, end - mask.local);
    ranges = query < mask.total ? make_int4(start, end, end, end) : make_int4(0, 0, 0, 0);
#elif RF_MASK == 3
    int before = mask.block * ((query - mask.total) / mask.block);
    int end = min(mask.block * (query / mask.block + 1), mask.total);
    ranges = query < mask.total ? make_int4(0, end, end, end)
        : query < 2 * mask.total ? make_int4(0, before, mask.total + before, min(mask.total + before + mask.block, 2 * mask.total))
                                 : make_int4(0, 0, 0, 0);
#endif
    return make_int4(min(ranges.x, keys), min(ranges.y, keys), min(ranges.z, keys), min(ranges.w, keys));
}

__device__ __forceinline__ bool sees(int4 ranges, int query, int key, int keys)
{
    bool seen = (key >= ranges.x && key < ranges.y) || (key >= ranges.z && key < ranges.w);
    return RF_MASK >= 2 ? seen || (key == query && key < keys) : seen;
}

// Segments of keys some query of the block sees, in order, not overlapping, the last one empty and at the end of all; and for
// RF_MASK >= 2 the keys all of them see, [common[0], common[1]) and [common[2], common[3]).
struct key_plan
{
    int first[4];
    int end[4];
    int common[4];
};

// The keys all queries of a tile go through next: [start, end) with at most `step` of them to be taken.
struct key_cursor
{
    int segment;
    int start;
};

// Sorts three segments by their beginning, cuts each off where the one before ends, and adds the last, empty one.
__device__ __forceinline__ void order_segments(key_plan& plan)
{
    for (int i = 0; i < 2; i++)
    {
        for (int j = 0; j < 2 - i; j++)
        {
            if (plan.first[j] > plan.first[j + 1])
            {
                int first = plan.first[j];
                int end = plan.end[j];
                plan.first[j] = plan.first[j + 1];
                plan.end[j] = plan.end[j + 1];
                plan.first[j + 1] = first;
                plan.end[j + 1] = end;
            }
        }
    }

    int reached = 0;
    for (int i = 0; i < 3; i++)
    {
        plan.first[i] = max(plan.first[i], reached);
        reached = max(reached, plan.end[i]);
    }

    plan.first[3] = 0x7fffffff;
    plan.end[3] = 0x7fffffff;
}

// Called by all threads; begins with a barrier after which the plan may be read.
__device__ __forceinline__ void plan_keys(key_plan& plan, int first_query, int tile, int queries, int keys, mask_sizes mask)
{
#if RF_MASK <= 1
    if (threadIdx.x == 0)
    {
        int4 ranges = visible_keys(0, keys, mask);
        plan.first[0] = ranges.x;
        plan.end[0] = ranges.y;
        plan.first[1] = max(ranges.z, ranges.y);
        plan.end[1] = ranges.w;
        plan.first[2] = keys;
        plan.end[2] = keys;
        plan.first[3] = keys;
        plan.end[3] = keys;
    }
#else
    int none = 0x7fffffff;
    if (threadIdx.x < 3)
    {
        plan.first[threadIdx.x] = none;
        plan.end[threadIdx.x] = 0;
    }

    if (threadIdx.x < 2)
    {
        plan.common[2 * threadIdx.x] = 0;
        plan.common[2 * threadIdx.x + 1] = none;
    }

    __syncthreads();
    for (int query = first_query + threadIdx.x; query < min(first_query + tile, queries); query += blockDim.x)
    {
        int4 ranges = visible_keys(query, keys, mask);
        int2 parts[3] = {make_int2(ranges.x, ranges.y), make_int2(ranges.z, ranges.w), make_int2(query, min(query + 1, keys))};
#pragma unroll
        for (int i = 0; i < 3; i++)
        {
            if (parts[i].x < parts[i].y)
            {
                atomicMin(&plan.first[i], parts[i].x);
                atomicMax(&plan.end[i], parts[i].y);
            }
        }

        atomicMax(&plan.common[0], ranges.x);
        atomicMin(&plan.common[1], ranges.y);
        atomicMax(&plan.common[2], ranges.z);
        atomicMin(&plan.common[3], ranges.w);
    }

    __syncthreads();
    if (threadIdx.x == 0)
    {
        order_segments(plan);
    }
#endif
    __syncthreads();
}

// Moves on by `step` keys, over empty segments; false at the end.
__device__ __forceinline__ bool next_keys(const key_plan& plan, key_cursor& at, int step)
{
    at.start += step;
    while (at.segment < 3 && at.start >= plan.end[at.segment])
    {
        at.segment++;
        at.start = plan.first[at.segment];
    }

    return at.segment < 3;
}

__device__ __forceinline__ bool first_keys(const key_plan& plan, key_cursor& at)
{
    at.segment = 0;
    at.start = plan.first[0];
    return next_keys(plan, at, 0);
}

// Twin of plan_keys for a tile of keys: the segments of queries some of which see one of them. Goes through all queries.
__device__ __forceinline__ void plan_queries(key_plan& plan, int first_key, int tile, int queries, int keys, mask_sizes mask)
{
    int end_key = min(first_key + tile, keys);
#if RF_MASK <= 1
    if (threadIdx.x == 0)
    {
        int4 ranges = visible_keys(0, keys, mask);
        bool any = max(ranges.x, first_key) < min(ranges.y, end_key) || max(ranges.z, first_key) < min(ranges.w, end_key);
        plan.first[0] = 0;
        plan.end[0] = any ? queries : 0;
        for (int i = 1; i < 4; i++)
        {
            plan.first[i] = queries;
            plan.end[i] = queries;
        }
    }
#else
    if (threadIdx.x < 3)
    {
        plan.first[threadIdx.x] = 0x7fffffff;
        plan.end[threadIdx.x] = 0;
    }

    // With teacher forcing, queries of the noisy half have a segment of their own; so have those that see themselves.
    __syncthreads();
    for (int query = threadIdx.x; query < queries; query += blockDim.x)
    {
        int4 ranges = visible_keys(query, keys, mask);
        int half = query < mask.total ? 0 : 1;
        if (max(ranges.x, first_key) < min(ranges.y, end_key) || max(ranges.z, first_key) < min(ranges.w, end_key))
        {
            atomicMin(&plan.first[half], query);
            atomicMax(&plan.end[half], query + 1);
        }

        if (query >= first_key && query < end_key)
        {
            atomicMin(&plan.first[2], query);
            atomicMax(&plan.end[2], query + 1);
        }
    }

    __syncthreads();
    if (threadIdx.x == 0)
    {
        order_segments(plan);
    }
#endif
    __syncthreads();
}
