// strided_copy: y[o * Y + i] = x[o * s0 + i1 s1 + ... + i6 s6],   i = ((i1 e2 + i2) e3 + ...) e6 + i6
//
//   y, x       elements of RF_BYTES bytes, whatever they are; o runs over e0 entries, i_k over e_k; a stride of 0 repeats
//   Y          distance of outer entries in y, all strides in elements
//
// Only the last RF_DIMENSIONS of e1 .. e6 are not 1: each of the others would cost a division.
// RF_BYTES is 1, 2, 4, 8 or 16: the launcher takes runs that are contiguous on both sides as wide elements.
// Grid: (inner elements in blocks, e0 in steps of gridDim.y). Inner elements number less than 2^31.
// Serves permute, patchify, unpatchify, upsample_nearest, concat and narrow. Launched by StridedCopy.Cuda.cs.
//
// Variants: RF_BYTES=1,2,4,8,16 RF_DIMENSIONS=1,2,3,6
#include "common/pack.cuh"

typedef chunk<RF_BYTES>::type item;

extern "C" __global__ void strided_copy_forward(
    item* __restrict__ y, const item* __restrict__ x, long long target_stride, int e0, int e1, int e2, int e3, int e4, int e5, int e6,
    long long s0, long long s1, long long s2, long long s3, long long s4, long long s5, long long s6)
{
    const int extents[6] = {e1, e2, e3, e4, e5, e6};
    const long long strides[6] = {s1, s2, s3, s4, s5, s6};
    uint index = blockIdx.x * blockDim.x + threadIdx.x;
    uint left = index;
    long long offset = 0;
#pragma unroll
    for (int d = 5; d > 6 - RF_DIMENSIONS; d--)
    {
        offset += left % (uint)extents[d] * strides[d];
        left /= (uint)extents[d];
    }

    if (left >= (uint)extents[6 - RF_DIMENSIONS])
    {
        return;
    }

    offset += left * strides[6 - RF_DIMENSIONS];
    for (int outer = blockIdx.y; outer < e0; outer += gridDim.y)
    {
        y[outer * target_stride + index] = x[outer * s0 + offset];
    }
}
