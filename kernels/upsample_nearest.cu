// upsample_nearest: dx[h, w, c] = (dy[2h, 2w, c] + dy[2h, 2w + 1, c]) + (dy[2h + 1, 2w, c] + dy[2h + 1, 2w + 1, c])
//
//   dx         [N, H, W, C]      RF_T
//   dy         [N, 2H, 2W, C]    RF_T
//
// Float sums, rounded once. RF_N neighbours are moved with one access and divide C. The forward pass is a strided_copy.
// Launched by UpsampleNearest.cs.
//
// Variants: RF_T=float RF_N=1,4
// Variants: RF_T=bf16 RF_N=1,8
#include "common/elements.cuh"

extern "C" __global__ void upsample_nearest_backward(
    RF_T* __restrict__ dx, const RF_T* __restrict__ dy, long long count, long long row, int channels)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    // `row` elements of dx are a line of pixels; above a pixel and left of it lie twice as many in dy.
    long long line = at / row;
    long long within = at % row;
    const RF_T* source = dy + line * row * 4 + within / channels * channels * 2 + within % channels;
    float a[RF_N], b[RF_N], c[RF_N], d[RF_N];
    load_floats(source, a);
    load_floats(source + channels, b);
    load_floats(source + 2 * row, c);
    load_floats(source + 2 * row + channels, d);
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        a[i] = (a[i] + b[i]) + (c[i] + d[i]);
    }

    store_floats(dx + at, a);
}
