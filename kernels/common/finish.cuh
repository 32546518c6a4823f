// The end of a product: bias, activation, rounding. N neighbouring sums of one row.
#pragma once

#include "common/activation.cuh"
#include "common/pack.cuh"

// Adds the bias of columns c .. if there is one; in wide accesses where they fit.
template <typename T, int N>
__device__ __forceinline__ void add_bias(float (&sums)[N], const T* bias, int c, int columns)
{
    if (bias == nullptr || c >= columns)
    {
        return;
    }

    float terms[N];
    if (columns % N == 0 && (ulong)bias % (sizeof(T) * N < 16 ? sizeof(T) * N : 16) == 0)
    {
        load_floats(bias + c, terms);
    }
    else
    {
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            terms[i] = to_float(bias[c + i < columns ? c + i : c]);
        }
    }

#pragma unroll
    for (int i = 0; i < N; i++)
    {
        sums[i] += terms[i];
    }
}

// With bf16 the sum is rounded before the activation, as the separate op would.
template <typename T, int ACTIVATION, int N>
__device__ __forceinline__ void apply_activation(float (&sums)[N])
{
    if constexpr (ACTIVATION != ACTIVATION_NONE)
    {
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            sums[i] = activate<ACTIVATION>(round_to<T>(sums[i]));
        }
    }
}

// Stores columns c .. of a row that has `columns`; in one access where rows are aligned.
template <typename T, int N>
__device__ __forceinline__ void store_columns(T* row, const float (&values)[N], int c, int columns)
{
    if (columns % N == 0)
    {
        if (c < columns)
        {
            store_floats(row + c, values);
        }

        return;
    }

#pragma unroll
    for (int i = 0; i < N; i++)
    {
        if (c + i < columns)
        {
            store_float(row + c + i, values[i]);
        }
    }
}
