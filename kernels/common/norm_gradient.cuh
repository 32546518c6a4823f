// Gradients of a norm of rows followed by a factor: with u = (x - mean) / deviation, the mean left out where CENTRED is 0, and g = dy * factor,
//
//   dx[r, c] = (g - mean_c(g) - u * mean_c(g u)) / deviation      mean_c(g) only where CENTRED is 1
//   sums over rows of dy * u, and, where TARGETS is 2, of dy
//
// Groups of `rows` rows have factors and sums of their own, and are cut into `parts` of `each` rows, one to a block: common/rows.cuh says how
// its threads share them. Sums go to partial [TARGETS, G, parts, C] and are kept in TARGETS * blockDim.y * C floats of dynamic shared memory.
// dx or partial may be null. Twin of NormGradient.cs.
#pragma once

#include "common/layer_norm.cuh"
#include "common/rms.cuh"

// factor(group, c, f) gives the factors of columns c ...
template <int CENTRED, int TARGETS, typename FACTOR>
__device__ __forceinline__ void differentiate_norm(
    RF_T* dx, float* partial, const RF_T* dy, const RF_T* x, long long rows, long long each, int parts, int channels, float eps, FACTOR factor)
{
    extern __shared__ float sums[];
    __shared__ float shared[RF_WARPS];

    // Element i of all accesses lies together, so that neighbours add to different banks.
    int columns = channels / RF_N;
    float* own = sums + threadIdx.y * TARGETS * channels;
    if (partial != nullptr)
    {
        for (int i = threadIdx.x; i < TARGETS * channels; i += 32 * RF_WARPS)
        {
            own[i] = 0.0f;
        }
    }

    // What a thread cleared others add to.
    __syncthreads();
    long long group = blockIdx.x / parts;
    long long begin = blockIdx.x % parts * each;
    long long end = begin + each < rows ? begin + each : rows;
    for (long long row = begin + threadIdx.y; row < end; row += blockDim.y)
    {
        const RF_T* values = x + (group * rows + row) * channels;
        const RF_T* grads = dy + (group * rows + row) * channels;
        float mean = 0.0f;
        float inverse;
        if constexpr (CENTRED)
        {
            float2 norm = mean_and_inverse(values, channels, eps, shared);
            mean = norm.x;
            inverse = norm.y;
        }
        else
        {
            inverse = inverse_rms(values, channels, eps, shared);
        }

        float total = 0.0f;
        float along = 0.0f;
        FOR_COLUMNS(c)
        {
            float v[RF_N], d[RF_N], f[RF_N];
            load_floats(values + c, v);
            load_floats(grads + c, d);
            factor(group, c, f);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                float normal = (v[i] - mean) * inverse;
                float g = d[i] * f[i];
                total += g;
                along = fmaf(g, normal, along);
                if (partial != nullptr)
                {
                    own[i * columns + c / RF_N] += d[i] * normal;
                    if constexpr (TARGETS > 1)
                    {
                        own[channels + i * columns + c / RF_N] += d[i];
                    }
                }
            }
        }

        if (dx == nullptr)
        {
            continue;
        }

        total = CENTRED ? row_sum<RF_WARPS>(total, shared) / channels : 0.0f;
        along = row_sum<RF_WARPS>(along, shared) / channels;
        FOR_COLUMNS(c)
        {
            float v[RF_N], d[RF_N], f[RF_N];
            load_floats(values + c, v);
            load_floats(grads + c, d);
            factor(group, c, f);
#pragma unroll
            for (int i = 0; i < RF_N; i++)
            {
                float normal = (v[i] - mean) * inverse;
                v[i] = (d[i] * f[i] - total - normal * along) * inverse;
            }

            store_floats(dx + (group * rows + row) * channels + c, v);
        }
    }

    if (partial == nullptr)
    {
        return;
    }

    // Each row of threads has its own sums.
    __syncthreads();
    for (int c = threadIdx.y * blockDim.x + threadIdx.x; c < TARGETS * channels; c += blockDim.x * blockDim.y)
    {
        int target = c / channels;
        int at = target * channels + c % RF_N * columns + c % channels / RF_N;
        float sum = sums[at];
        for (int line = 1; line < blockDim.y; line++)
        {
            sum += sums[line * TARGETS * channels + at];
        }

        partial[((long long)target * gridDim.x + blockIdx.x) * channels + c % channels] = sum;
    }
}
