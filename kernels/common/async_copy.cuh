// Copies from global to shared memory that run beside the arithmetic (cp.async, sm_80 and later).
#pragma once

#include "common/bf16.cuh"

__device__ __forceinline__ uint shared_address(const void* pointer)
{
    return (uint)__cvta_generic_to_shared(pointer);
}

// 16 bytes, or 16 zeros if `valid` is false; the source is not read then but must be a pointer into some allocation.
__device__ __forceinline__ void copy_async(uint target, const void* source, bool valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(__cvta_generic_to_global(source)), "r"(valid ? 16 : 0) : "memory");
}

__device__ __forceinline__ void commit_copies()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Waits until at most PENDING of this thread's groups are under way; what other threads copied still needs a barrier.
template <int PENDING>
__device__ __forceinline__ void wait_copies()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}
