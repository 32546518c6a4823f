// The end of a product: bias, activation, rounding. N neighbouring sums of one row.
#pragma once

#include "common/activation.cuh"
#include "common/pack.cuh"

// Columns c .. of a row that has `columns`, in wide accesses where they fit; past the end, anything.
template <typename T, int N>
__device__ __forceinline__ void load_columns(const T* row, float (&values)[N], int c, int columns)
{
    if (columns % N == 0 && (ulong)row % (sizeof(T) * N < 16 ? sizeof(T) * N : 16) == 0)
    {
        load_floats(row + (c < columns ? c : 0), values);
        return;
    }

#pragma unroll
    for (int i = 0; i < N; i++)
    {
        values[i] = to_float(row[c + i < columns ? c + i : 0]);
    }
}

// Adds the bias of columns c .. if there is one.
template <typename T, int N>
__device__ __forceinline__ void add_bias(float (&sums)[N], const T* bias, int c, int columns)
{
    if (bias != nullptr)
    {
        float terms[N];
        load_columns(bias, terms, c, columns);
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            sums[i] += terms[i];
        }
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
            sums[i] = activate<ACTIVATION, T>(round_to<T>(sums[i]));
        }
    }
}

// Stores columns c .. of a row that has `columns`; in one access where rows are aligned.
template <typename T, int N>
__device__ __forceinline__ void store_columns(T* row, const float (&values)[N], int c, int columns)
{
    if (columns % N == 0 && (ulong)row % (sizeof(T) * N < 16 ? sizeof(T) * N : 16) == 0)
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
