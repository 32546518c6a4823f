// channel_rms_norm: y[r, c] = activation(x[r, c] / max(|x[r]|, 1e-12) * sqrt(C) * gamma[c])
//
//   y, x       [R, C]   RF_T     a row (a pixel) is shared by RF_WARPS warps
//   gamma      [C]      RF_W
//
// With bf16 the length and each factor are rounded. With float the length and the product are double and rounded once, as on the
// processor: what three roundings lose a deep decoder of few channels amplifies. C and all addresses fit accesses of RF_N elements.
// RF_ACTIVATION is applied last. Launched by ChannelRmsNorm.cs.
//
// Backward: with s = sqrt(C) / max(|x|, 1e-12), u = x s gamma and g = dy activation'(u):
//   dx         [R, C]            RF_T     s (g gamma - x (g gamma . x) / |x|^2), without the second term where |x| is below the floor
//   partial    [blocks, C]       float    sums of g x s over `each` rows, kept in blockDim.y * C floats of dynamic shared memory
//   dgamma     [C]               float    their sum, in order
// Nothing is rounded but dx. Launched by ChannelRmsNorm.Backward.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_ACTIVATION=0,3 RF_N=1,8 RF_WARPS=1,4
#include "common/activation_slope.cuh"
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

extern "C" __global__ void channel_rms_norm_backward(
    RF_T* __restrict__ dx, float* __restrict__ partial, const RF_T* __restrict__ dy, const RF_T* __restrict__ x, const RF_W* __restrict__ gamma,
    long long rows, long long each, int channels)
{
    typedef sum_of<RF_T>::type total;
    extern __shared__ float sums[];
    __shared__ total shared[RF_WARPS];
    float* own = sums + threadIdx.y * channels;
    FOR_COLUMNS(c)
    {
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            own[c + i] = 0.0f;
        }
    }

    long long begin = blockIdx.x * each;
    long long end = begin + each < rows ? begin + each : rows;
    for (long long row = begin + threadIdx.y; row < end; row += blockDim.y)
    {
        const RF_T* values = x + row * channels;
        const RF_T* grads = dy + row * channels;
        total squares = 0;
        FOR_COLUMNS(c)
        {
            float v[RF_N];
            load_floats(values + c, v);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                squares += (total)v[i] * (total)v[i];
            }
        }

        squares = row_sum<RF_WARPS>(squares, shared);
        total length = sqrt(squares);
        bool floored = !(length > (total)1e-12);
        float scale = (float)(sqrt((total)channels) / (floored ? (total)1e-12 : length));
        total along = 0;
        FOR_COLUMNS(c)
        {
            float v[RF_N], d[RF_N], g[RF_N];
            load_floats(values + c, v);
            load_floats(grads + c, d);
            load_floats(gamma + c, g);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                float unit = v[i] * scale;
                float grad = d[i] * activation_slope<RF_ACTIVATION>(unit * g[i]);
                own[c + i] += grad * unit;
                along += (total)(grad * g[i]) * (total)v[i];
            }
        }

        along = row_sum<RF_WARPS>(along, shared);
        float shrink = floored ? 0.0f : (float)(along / squares * (total)scale);
        FOR_COLUMNS(c)
        {
            float v[RF_N], d[RF_N], g[RF_N];
            load_floats(values + c, v);
            load_floats(grads + c, d);
            load_floats(gamma + c, g);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                float grad = d[i] * activation_slope<RF_ACTIVATION>(v[i] * scale * g[i]) * g[i];
                v[i] = grad * scale - v[i] * shrink;
            }

            store_floats(dx + row * channels + c, v);
        }
    }

    // Each row of threads has its own sums.
    __syncthreads();
    for (int c = threadIdx.y * blockDim.x + threadIdx.x; c < channels; c += blockDim.x * blockDim.y)
    {
        float sum = sums[c];
        for (int line = 1; line < blockDim.y; line++)
        {
            sum += sums[line * channels + c];
        }

        partial[(long long)blockIdx.x * channels + c] = sum;
    }
}

extern "C" __global__ void channel_rms_norm_backward_gamma(float* __restrict__ dgamma, const float* __restrict__ partial, int parts, int channels)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    float sum = 0.0f;
    for (int part = 0; part < parts && c < channels; part++)
    {
        sum += partial[(long long)part * channels + c];
    }

    if (c < channels)
    {
        dgamma[c] = sum;
    }
}
