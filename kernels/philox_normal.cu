// philox_normal: y[s, 4 i + k] = normal k of the Philox block with key and counter (i, c1 + 65536 s, c2, c3)
//
//   y          [S, n]   RF_T     bf16 normals are those of float, rounded
//   counter    [5]      uint     c1, c2, c3, key (low word, high word); in memory, so that a replayed graph draws anew
//
// Everything is double and rounded to float once. One thread makes four normals; grid (ceil(n / 4 / threads), S).
// Twin of Philox.Normals. Launched by PhiloxNormal.cs.
//
// Variants: RF_T=float,bf16
#include "common/philox.cuh"

extern "C" __global__ void philox_normal_forward(RF_T* __restrict__ y, const uint* __restrict__ counter, long long count)
{
    long long at = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * 4;
    if (at >= count)
    {
        return;
    }

    ulong key = counter[3] | (ulong)counter[4] << 32;
    uint4 block = philox_block(make_uint4((uint)(at / 4), counter[0] + (blockIdx.y << 16), counter[1], counter[2]), key);
    float2 first = box_muller(block.x, block.y);
    float2 second = box_muller(block.z, block.w);
    float normals[4] = {first.x, first.y, second.x, second.y};
    y += blockIdx.y * count + at;
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        if (at + i < count)
        {
            store_float(y + i, normals[i]);
        }
    }
}
