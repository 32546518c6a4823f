// channel_rms_norm: y[r, c] = activation(x[r, c] / max(|x[r]|, 1e-12) * sqrt(C) * gamma[c])
//
//   y, x       [R, C]   RF_T     a row (a pixel) is shared by RF_WARPS warps
//   gamma      [C]      RF_W
//
// With bf16 the length and each factor are rounded. With float the length and the product are double and rounded once, as on the
// processor: what three roundings lose a deep decoder of few channels amplifies. C and all addresses fit accesses of RF_N elements.
// RF_ACTIVATION is applied last. Launched by ChannelRmsNorm.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_ACTIVATION=0,3 RF_N=1,8 RF_WARPS=1,4
#include "common/activation.cuh"
#include "common/rows.cuh"

// What the squares of a row are summed in.
template <typename T>
struct sum_of
{
    typedef float type;
};

template <>
struct sum_of<float>
{
    typedef double type;
};

// What a row's elements are multiplied with.
__device__ __forceinline__ double factor_of(double length, double root)
{
    return root / (length > 1e-12 ? length : 1e-12);
}

__device__ __forceinline__ float factor_of(float length, float)
{
    return 1.0f / fmaxf(round_to<bf16>(length), 1e-12f);
}

__device__ __forceinline__ float scaled(float x, double factor, double, float gamma)
{
    return (float)((double)x * factor * (double)gamma);
}

__device__ __forceinline__ float scaled(float x, float factor, float root, float gamma)
{
    // The reference divides, which decides the rounding. A quotient of two numbers of 8 bits is no nearer to the middle between two of them
    // than 2^-17 of itself, and the product with the reciprocal is off by 2^-23: both round to the same.
    float unit = round_to<bf16>(__fmul_rn(x, factor));
    return round_to<bf16>(__fmul_rn(round_to<bf16>(__fmul_rn(unit, root)), gamma));
}

extern "C" __global__ void channel_rms_norm_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const RF_W* __restrict__ gamma, long long rows, int channels)
{
    typedef sum_of<RF_T>::type total;
    __shared__ total shared[RF_WARPS];
    long long row = row_index();
    if (row >= rows)
    {
        return;
    }

    x += row * channels;
    y += row * channels;
    total squares = 0;
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            squares += (total)v[i] * (total)v[i];
        }
    }

    total length = sqrt(row_sum<RF_WARPS>(squares, shared));
    total root = sqrt((total)channels);
    total factor = factor_of(length, root);
    FOR_COLUMNS(c)
    {
        float v[RF_N], g[RF_N];
        load_floats(x + c, v);
        load_floats(gamma + c, g);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            v[i] = activate<RF_ACTIVATION, RF_T>(scaled(v[i], factor, root, g[i]));
        }

        store_floats(y + c, v);
    }
}
