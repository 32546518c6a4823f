// Sums and maxima over the threads of a row, in a fixed order: the same bits every run.
#pragma once

// Over the 32 lanes; every lane gets the result.
template <typename T>
__device__ __forceinline__ T warp_sum(T value)
{
#pragma unroll
    for (int step = 16; step > 0; step /= 2)
    {
        value += __shfl_xor_sync(0xffffffff, value, step);
    }

    return value;
}

__device__ __forceinline__ float warp_max(float value)
{
#pragma unroll
    for (int step = 16; step > 0; step /= 2)
    {
        value = fmaxf(value, __shfl_xor_sync(0xffffffff, value, step));
    }

    return value;
}

// A row is shared by WARPS warps: threadIdx.x runs over its 32 * WARPS threads, threadIdx.y over the rows of the block.
// With several warps there is one row to a block, and `shared` holds WARPS values; calls may follow each other.
template <int WARPS, typename T>
__device__ __forceinline__ T row_sum(T value, T* shared)
{
    value = warp_sum(value);
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
            value += shared[warp];
        }
    }

    return value;
}

template <int WARPS>
__device__ __forceinline__ float row_max(float value, float* shared)
{
    value = warp_max(value);
    if constexpr (WARPS > 1)
    {
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
            value = fmaxf(value, shared[warp]);
        }
    }

    return value;
}
