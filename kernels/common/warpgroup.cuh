// Warpgroup products of sm_90a: 64 rows of A times N rows of B, both bfloat16 in shared memory, 16 columns at a time, float sums in
// registers. 128 threads execute together; with warp w of the group and lane = 4 g + t, sums 4 j .. 4 j + 3 are rows 16 w + g (two)
// and 16 w + g + 8 (two), columns 8 j + 2 t and 8 j + 2 t + 1.
#pragma once

#include "common/bf16.cuh"

// A tile of rows of ROW bytes, 128 or 64, with the swizzle of that many, as the tensor copy engine lays it out: columns along the rows. The
// tile begins at a multiple of eight rows; 32 bytes further on is the next group of 16 columns.
template <int ROW>
__device__ __forceinline__ ulong matrix_descriptor(uint address)
{
    static_assert(ROW == 128 || ROW == 64, "rows are as wide as a swizzle");
    return (ulong)((address & 0x3ffff) >> 4) | (1ull << 16) | ((ulong)(8 * ROW >> 4) << 32) | ((ROW == 128 ? 1ull : 2ull) << 62);
}

// The same tile read along its columns: its rows are the 16 that are summed over, and groups of 64 columns lie `block` bytes apart.
__device__ __forceinline__ ulong transposed_descriptor(uint address, uint block)
{
    return (ulong)((address & 0x3ffff) >> 4) | ((ulong)(block >> 4) << 16) | ((ulong)(1024 >> 4) << 32) | (1ull << 62);
}

// Between writes to registers or shared memory and the first product that uses them.
__device__ __forceinline__ void begin_products()
{
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void commit_products()
{
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// Waits until at most PENDING groups of products are under way.
template <int PENDING>
__device__ __forceinline__ void wait_products()
{
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

// Keeps the compiler from moving what makes these registers past this point: products that are under way must not be joined by
// instructions that write their operands, or all of them are run one after the other.
template <int N>
__device__ __forceinline__ void settle(float (&values)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        asm volatile("" : "+f"(values[i])::"memory");
    }
}

template <int N>
__device__ __forceinline__ void settle(uint (&values)[N][4])
{
#pragma unroll
    for (int i = 0; i < N; i++)
    {
        asm volatile("" : "+r"(values[i][0]), "+r"(values[i][1]), "+r"(values[i][2]), "+r"(values[i][3])::"memory");
    }
}

// Names of registers in the text of an instruction, and the sums behind them.
#define NAMES_0 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
#define NAMES_1 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define NAMES_2 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define NAMES_3 "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define NAMES_4 "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
#define NAMES_5 "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define NAMES_6 "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111"
#define NAMES_7 "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define ONE(i) "+f"(sums[i])
#define EIGHT(i) ONE(i), ONE(i + 1), ONE(i + 2), ONE(i + 3), ONE(i + 4), ONE(i + 5), ONE(i + 6), ONE(i + 7)
#define SIXTEEN(i) EIGHT(i), EIGHT(i + 8)
#define PRODUCT(n, names, operands) "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" names "}, " operands ";"

// sums += A B^T, or sums = A B^T if KEEP is 0. B has twice as many rows as there are sums.
template <int KEEP>
__device__ __forceinline__ void warpgroup_product(float (&sums)[16], ulong a, ulong b)
{
    asm volatile(PRODUCT(32, NAMES_0, "%16, %17, %18, 1, 1, 0, 0")
                 : SIXTEEN(0)
                 : "l"(a), "l"(b), "n"(KEEP));
}

template <int KEEP>
__device__ __forceinline__ void warpgroup_product(float (&sums)[48], ulong a, ulong b)
{
    asm volatile(PRODUCT(96, NAMES_0 ", " NAMES_1 ", " NAMES_2, "%48, %49, %50, 1, 1, 0, 0")
                 : SIXTEEN(0), SIXTEEN(16), SIXTEEN(32)
                 : "l"(a), "l"(b), "n"(KEEP));
}

template <int KEEP>
__device__ __forceinline__ void warpgroup_product(float (&sums)[64], ulong a, ulong b)
{
    asm volatile(PRODUCT(128, NAMES_0 ", " NAMES_1 ", " NAMES_2 ", " NAMES_3, "%64, %65, %66, 1, 1, 0, 0")
                 : SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48)
                 : "l"(a), "l"(b), "n"(KEEP));
}

template <int KEEP>
__device__ __forceinline__ void warpgroup_product(float (&sums)[96], ulong a, ulong b)
{
    asm volatile(PRODUCT(192, NAMES_0 ", " NAMES_1 ", " NAMES_2 ", " NAMES_3 ", " NAMES_4 ", " NAMES_5, "%96, %97, %98, 1, 1, 0, 0")
                 : SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48), SIXTEEN(64), SIXTEEN(80)
                 : "l"(a), "l"(b), "n"(KEEP));
}

template <int KEEP>
__device__ __forceinline__ void warpgroup_product(float (&sums)[128], ulong a, ulong b)
{
    asm volatile(PRODUCT(256, NAMES_0 ", " NAMES_1 ", " NAMES_2 ", " NAMES_3 ", " NAMES_4 ", " NAMES_5 ", " NAMES_6 ", " NAMES_7, "%128, %129, %130, 1, 1, 0, 0")
                 : SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48), SIXTEEN(64), SIXTEEN(80), SIXTEEN(96), SIXTEEN(112)
                 : "l"(a), "l"(b), "n"(KEEP));
}

// A in registers, as fragments of sums are: words 0, 1 rows g and g + 8 of columns 2 t, 2 t + 1, words 2, 3 of columns 2 t + 8, 2 t + 9;
// B by its transposed descriptor.
__device__ __forceinline__ void warpgroup_product(float (&sums)[64], const uint (&a)[4], ulong b)
{
    asm volatile(PRODUCT(128, NAMES_0 ", " NAMES_1 ", " NAMES_2 ", " NAMES_3, "{%64, %65, %66, %67}, %68, 1, 1, 1, 1")
                 : SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

#undef PRODUCT
#undef SIXTEEN
#undef EIGHT
#undef ONE
#undef NAMES_0
#undef NAMES_1
#undef NAMES_2
#undef NAMES_3
#undef NAMES_4
#undef NAMES_5
#undef NAMES_6
#undef NAMES_7
