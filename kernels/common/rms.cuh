// Inverse root of the mean square of a row.
#pragma once

#include "common/rows.cuh"

template <typename T>
__device__ __forceinline__ float inverse_rms(const T* x, int channels, float eps, float* shared)
{
    float squares = 0.0f;
    FOR_COLUMNS(c)
    {
        float v[RF_N];
        load_floats(x + c, v);
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            squares = fmaf(v[i], v[i], squares);
        }
    }

    return 1.0f / sqrtf(row_sum<RF_WARPS>(squares, shared) / channels + eps);
}
