// Rotation of channel pairs by position. The table holds (cos, sin) of the time axis, [F, time / 2], then of rows, [H, plane / 2],
// then of columns, [W, plane / 2]; height and width take `plane` channels of a head each, time the rest.
#pragma once

#include "common/pack.cuh"

// Where a token stands: what to add to a channel's pair number to find its angle on each axis.
struct rope_place
{
    int time;
    int row;
    int column;
};

__device__ __forceinline__ rope_place place_of(int token, int frames, int height, int width, int time, int plane)
{
    int frame = token / (height * width);
    int y = token / width % height;
    int x = token % width;
    rope_place place;
    place.time = frame * (time / 2);
    place.row = frames * (time / 2) + y * (plane / 2) - time / 2;
    place.column = frames * (time / 2) + height * (plane / 2) + x * (plane / 2) - time / 2 - plane / 2;
    return place;
}

// Rotates the N / 2 pairs of a head that begin at channel c, in place. Products and sums are rounded one by one, as on the processor.
template <int N>
__device__ __forceinline__ void rotate(float (&v)[N], int c, rope_place place, const float2* table, int time, int plane)
{
#pragma unroll
    for (int i = 0; i < N; i += 2)
    {
        int channel = c + i;
        int base = channel < time ? place.time : channel < time + plane ? place.row : place.column;
        float2 angle = table[base + channel / 2];
        float a = v[i];
        float b = v[i + 1];
        v[i] = __fadd_rn(__fmul_rn(a, angle.x), __fmul_rn(b, -angle.y));
        v[i + 1] = __fadd_rn(__fmul_rn(b, angle.x), __fmul_rn(a, angle.y));
    }
}
