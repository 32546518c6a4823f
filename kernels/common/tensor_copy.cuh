// The tensor copy engine of sm_90 (TMA) and the barriers in shared memory that count its bytes.
#pragma once

#include "common/async_copy.cuh"

// What cuTensorMapEncodeTiled writes. A parameter `const __grid_constant__ tensor_map`.
struct alignas(64) tensor_map
{
    ulong words[16];
};

__device__ __forceinline__ void make_barrier(ulong* barrier, uint arrivals)
{
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

// Makes new barriers visible to the copy engine; before the __syncthreads() after which they are used.
__device__ __forceinline__ void publish_barriers()
{
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

__device__ __forceinline__ void arrive(ulong* barrier)
{
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

// Arrives and announces bytes that copies will bring.
__device__ __forceinline__ void expect_bytes(ulong* barrier, uint bytes)
{
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes) : "memory");
}

// Waits for the end of the phase of this parity: a new barrier is in phase 0, and waiting for parity 1 returns at once.
__device__ __forceinline__ void wait_phase(ulong* barrier, uint parity)
{
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra over;\n"
        "bra again;\n"
        "over:\n"
        "}" ::"r"(shared_address(barrier)),
        "r"(parity)
        : "memory");
}

// Starts copying the box at (column, row) of a matrix; what lies outside becomes zeros and counts as bytes too.
__device__ __forceinline__ void copy_box(uint target, const tensor_map* map, ulong* barrier, int column, int row)
{
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(target), "l"(map),
                 "r"(shared_address(barrier)), "r"(column), "r"(row)
                 : "memory");
}

// The same for tensors of three and four dimensions, innermost first.
__device__ __forceinline__ void copy_box(uint target, const tensor_map* map, ulong* barrier, int column, int row, int plane)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(target),
                 "l"(map), "r"(shared_address(barrier)), "r"(column), "r"(row), "r"(plane)
                 : "memory");
}

__device__ __forceinline__ void copy_box(uint target, const tensor_map* map, ulong* barrier, int column, int row, int plane, int block)
{
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(target),
                 "l"(map), "r"(shared_address(barrier)), "r"(column), "r"(row), "r"(plane), "r"(block)
                 : "memory");
}

// A barrier of some of the block's warps; number 0 is __syncthreads().
template <int BARRIER, int THREADS>
__device__ __forceinline__ void synchronize()
{
    asm volatile("bar.sync %0, %1;" ::"n"(BARRIER), "n"(THREADS) : "memory");
}

// Counts for a barrier without waiting.
template <int BARRIER, int THREADS>
__device__ __forceinline__ void announce()
{
    asm volatile("bar.arrive %0, %1;" ::"n"(BARRIER), "n"(THREADS) : "memory");
}
