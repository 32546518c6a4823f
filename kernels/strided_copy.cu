// strided_copy: y[o * Y + i] = x[o * s0 + i1 s1 + ... + i6 s6],   i = ((i1 e2 + i2) e3 + ...) e6 + i6
//
//   y, x       elements of RF_BYTES bytes, whatever they are; o runs over e0 entries, i_k over e_k; a stride of 0 repeats
//   Y          distance of outer entries in y, all strides in elements
//
// RF_BYTES is 1, 2, 4, 8 or 16: the launcher takes runs that are contiguous on both sides as wide elements.
// Grid: (inner elements in blocks, e0 in steps of gridDim.y). Inner elements number less than 2^31.
// Serves permute, patchify, unpatchify, upsample_nearest, concat and narrow. Launched by StridedCopy.Cuda.cs.
//
// Variants: RF_BYTES=1,2,4,8,16
#include "common/pack.cuh"

typedef chunk<RF_BYTES>::type item;

extern "C" __global__ void strided_copy_forward(
    item* __restrict__ y, const item* __restrict__ x, long long target_stride, int e0, int e1, int e2, int e3, int e4, int e5, int e6,
    long long s0, long long s1, long long s2, long long s3, long long s4, long long s5, long long s6)
{
    uint index = blockIdx.x * blockDim.x + threadIdx.x;
    uint left = index;
    long long offset = left % (uint)e6 * s6;
    left /= (uint)e6;
    offset += left % (uint)e5 * s5;
    left /= (uint)e5;
    offset += left % (uint)e4 * s4;
    left /= (uint)e4;
    offset += left % (uint)e3 * s3;
    left /= (uint)e3;
    offset += left % (uint)e2 * s2;
    left /= (uint)e2;
    if (left >= (uint)e1)
    {
        return;
    }

    offset += left * s1;
    for (int outer = blockIdx.y; outer < e0; outer += gridDim.y)
    {
        y[outer * target_stride + index] = x[outer * s0 + offset];
    }
}
