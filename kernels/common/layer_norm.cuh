// Mean and inverse deviation of a row, in two passes: E[x^2] - E[x]^2 would cancel.
#pragma once

#include "common/rows.cuh"

template <typename T>
__device__ __forceinline__ float2 mean_and_inverse(const T* x, int channels, float eps, float* shared)
{
    float sum = 0.0f;
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            sum += v[i];
        }
    }

    float mean = row_sum<RF_WARPS>(sum, shared) / channels;
    float squares = 0.0f;
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            float distance = v[i] - mean;
            squares = fmaf(distance, distance, squares);
        }
    }

    return make_float2(mean, 1.0f / sqrtf(row_sum<RF_WARPS>(squares, shared) / channels + eps));
}
