// Which elements a thread works on, for kernels that go through [n]: RF_N neighbours, moved with one access.
// Grid: ceil(n / (RF_N * blockDim.x)) blocks. n is a multiple of RF_N and all addresses fit accesses of that many elements.
#pragma once

#include "common/pack.cuh"

__device__ __forceinline__ long long first_element()
{
    return ((long long)blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
}
