// Philox4x32-10 and the normals made of it. Twin of Philox.cs: same words, same normals.
// Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
#pragma once

#include "common/bf16.cuh"
#include "common/double_math.cuh"

__device__ __forceinline__ uint4 philox_block(uint4 counter, ulong key)
{
    uint k0 = (uint)key;
    uint k1 = (uint)(key >> 32);
#pragma unroll
    for (int round = 0; round < 10; round++)
    {
        ulong first = (ulong)0xd2511f53u * counter.x;
        ulong second = (ulong)0xcd9e8d57u * counter.z;
        counter = make_uint4((uint)(second >> 32) ^ counter.y ^ k0, (uint)second, (uint)(first >> 32) ^ counter.w ^ k1, (uint)first);
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }

    return counter;
}

// sqrt(-2 ln u0) (sin, cos)(2 pi u1), u = (r + 1/2) / 2^32.
__device__ __forceinline__ float2 box_muller(uint r0, uint r1)
{
    double radius = sqrt(-2.0 * natural_logarithm(((double)r0 + 0.5) * 2.3283064365386962891e-10));
    double sine, cosine;
    sine_cosine(6.28318530717958647693 * (((double)r1 + 0.5) * 2.3283064365386962891e-10), sine, cosine);
    return make_float2((float)(radius * sine), (float)(radius * cosine));
}
