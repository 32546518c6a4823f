// Sums and maxima over the threads of a row, in a fixed order: the same bits every run.
#pragma once

// Over the 32 lanes; every lane gets the result.
template <typename T, typename COMBINE>
__device__ __forceinline__ T combine_warp(T value, COMBINE combine)
{
#pragma unroll
    for (int step = 16; step > 0; step /= 2)
    {
        value = combine(value, __shfl_xor_sync(0xffffffff, value, step));
    }

    return value;
}

// A row is shared by WARPS warps: threadIdx.x runs over its 32 * WARPS threads, threadIdx.y over the rows of the block.
// With several warps there is one row to a block, and `shared` holds WARPS values; calls may follow each other.
template <int WARPS, typename T, typename COMBINE>
__device__ __forceinline__ T combine_row(T value, T* shared, COMBINE combine)
{
    value = combine_warp(value, combine);
    if constexpr (WARPS > 1)
    {
        // The first barrier keeps a second call from overwriting what a slow warp still reads of the first.
        __syncthreads();
        if (threadIdx.x % 32 == 0)
        {
            shared[threadIdx.x / 32] = value;
        }

        __syncthreads();
        value = shared[0];
#pragma unroll
        for (int warp = 1; warp < WARPS; warp++)
        {
            value = combine(value, shared[warp]);
        }
    }

    return value;
}

template <int WARPS, typename T>
__device__ __forceinline__ T row_sum(T value, T* shared)
{
    return combine_row<WARPS>(value, shared, [](T a, T b) { return a + b; });
}

template <int WARPS>
__device__ __forceinline__ float row_max(float value, float* shared)
{
    return combine_row<WARPS>(value, shared, [](float a, float b) { return fmaxf(a, b); });
}
