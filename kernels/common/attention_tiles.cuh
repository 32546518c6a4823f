// Tiles of heads in shared memory, for the tensor-core bodies of attention.cu and attention_gradient.cu. ATTENTION_THREADS threads copy.
#pragma once

#include "common/mma.cuh"

#define LOG2_E 1.44269504f

__device__ __forceinline__ float power_of_two(float x)
{
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// Chunks of 16 bytes from one row of a tile to the next. Rows of a whole number of 128 bytes, or of 64, are swizzled; other widths are
// padded to an odd number of chunks. Either way eight rows read together touch all banks once.
#define PITCH(columns) ((columns) / 8 % 8 == 0 || (columns) / 8 == 4 ? (columns) / 8 : (columns) / 8 | 1)

template <int COLUMNS>
__device__ __forceinline__ uint tile_address(uint tile, int row, int chunk)
{
    constexpr int CHUNKS = COLUMNS / 8;
    int at = CHUNKS % 8 == 0 ? chunk ^ (row % 8) : CHUNKS == 4 ? chunk ^ (row / 2 % 4) : chunk;
    return tile + (row * PITCH(COLUMNS) + at) * 16;
}

// Starts copying rows first .. first + ROWS, zeros for those that has(row) denies, columns column .. of a head; `head` points at row 0.
template <int ROWS, int COLUMNS, typename HAS>
__device__ __forceinline__ void copy_rows_of(uint tile, const bf16* head, long long stride, int first, int column, int head_dim, HAS has)
{
    constexpr int CHUNKS = COLUMNS / 8;
#pragma unroll
    for (int i = threadIdx.x; i < ROWS * CHUNKS; i += ATTENTION_THREADS)
    {
        int row = i / CHUNKS;
        int chunk = i % CHUNKS;
        bool valid = has(first + row) && column + chunk * 8 < head_dim;
        copy_async(tile_address<COLUMNS>(tile, row, chunk), valid ? head + (first + row) * stride + column + chunk * 8 : head, valid);
    }
}

// The same with zeros from row `end` on.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ void copy_tile(uint tile, const bf16* head, long long stride, int first, int end, int column, int head_dim)
{
    copy_rows_of<ROWS, COLUMNS>(tile, head, stride, first, column, head_dim, [&](int row) { return row < end; });
}

// A warp stores the ROWS rows from `row` on that it put into a tile itself, 16 bytes a lane; `target` points at row 0 of the tile.
template <int ROWS, int COLUMNS>
__device__ __forceinline__ void store_tile(bf16* target, long long stride, uint tile, int row, int rows, int column, int head_dim)
{
    __syncwarp();
    for (int i = threadIdx.x % 32; i < ROWS * (COLUMNS / 8); i += 32)
    {
        int line = row + i / (COLUMNS / 8);
        int chunk = i % (COLUMNS / 8);
        if (line < rows && column + chunk * 8 < head_dim)
        {
            uint4 piece;
            asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(piece.x), "=r"(piece.y), "=r"(piece.z), "=r"(piece.w)
                         : "r"(tile_address<COLUMNS>(tile, line, chunk))
                         : "memory");
            *(uint4*)(target + line * stride + column + chunk * 8) = piece;
        }
    }
}

// Puts two neighbouring columns of a row, the first of them 8 n + 2 (lane % 4), into a tile.
template <int COLUMNS>
__device__ __forceinline__ void put_pair(uint tile, int row, int n, float first, float second)
{
    uint address = tile_address<COLUMNS>(tile, row, n) + threadIdx.x % 4 * 4;
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(address), "r"(pack_bf16(first, second)) : "memory");
}
