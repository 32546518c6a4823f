// softmax: y[r, c] = exp(x[r, c] - max_c x[r, c]) / sum_c exp(x[r, c] - max_c x[r, c])
//
//   y, x       [R, C]   RF_T     a row is shared by RF_WARPS warps
//
// RF_T is float or bf16; everything is float and rounded once. C and all addresses fit accesses of RF_N elements. Launched by Softmax.cs.
//
// Backward: dx = y (dy - sum_c(dy y) / sum_c(y)); rounded weights do not add up to 1.
//
// Variants: RF_T=float,bf16 RF_N=1,8 RF_WARPS=1,4
#include "common/rows.cuh"

extern "C" __global__ void softmax_forward(RF_T* __restrict__ y, const RF_T* __restrict__ x, long long rows, int channels)
{
    __shared__ float shared[RF_WARPS];
    long long row = row_index();
    if (row >= rows)
    {
        return;
    }

    x += row * channels;
    y += row * channels;
    float largest = -__int_as_float(0x7f800000);
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            largest = fmaxf(largest, v[i]);
        }
    }

    largest = row_max<RF_WARPS>(largest, shared);
    float sum = 0.0f;
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            sum += expf(v[i] - largest);
        }
    }

    float inverse = 1.0f / row_sum<RF_WARPS>(sum, shared);
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            v[i] = expf(v[i] - largest) * inverse;
        }

        store_floats(y + c, v);
    }
}

extern "C" __global__ void softmax_backward(
    RF_T* __restrict__ dx, const RF_T* __restrict__ dy, const RF_T* __restrict__ y, long long rows, int channels)
{
    __shared__ float shared[RF_WARPS];
    long long row = row_index();
    if (row >= rows)
    {
        return;
    }

    dx += row * channels;
    dy += row * channels;
    y += row * channels;
    float along = 0.0f;
    float sum = 0.0f;
    FOR_COLUMNS(c)
    {
        float d[RF_N], v[RF_N];
        load_floats(dy + c, d);
        load_floats(y + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            along = fmaf(d[i], v[i], along);
            sum += v[i];
        }
    }

    along = row_sum<RF_WARPS>(along, shared);
    float mean = along / row_sum<RF_WARPS>(sum, shared);
    FOR_COLUMNS(c)
    {
        float d[RF_N], v[RF_N];
        load_floats(dy + c, d);
        load_floats(y + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            v[i] *= d[i] - mean;
        }

        store_floats(dx + c, v);
    }
}
