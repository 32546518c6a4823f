// column_sums: total[g, c] = sum_r x[g, r, c], or sum_r x[g, r, c] * y[g, r, c]
//
//   total      [G, C]          RF_W
//   partial    [G, parts, C]   float    sums over `each` rows
//   x, y       [G, R, C]       RF_T     y only with RF_PRODUCT = 1
//
// RF_T and RF_W are float or bf16; sums are float and in a fixed order. First pass: common/column_sums.cuh. Second pass: parts are added up in
// order; grid (columns in steps of 32, G), block 32 columns by 8 lines. Launched by ColumnSums.Cuda.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_PRODUCT=0,1 RF_N=1,8
#include "common/column_sums.cuh"

extern "C" __global__ void column_sums_backward_partial(
    float* __restrict__ partial, const RF_T* __restrict__ x, const RF_T* __restrict__ y, long long rows, long long each, int channels)
{
    sum_columns(partial, rows, each, channels, [&](long long row, int c, float (&sums)[RF_N]) {
        float u[RF_N];
        load_floats(x + row * channels + c, u);
#if RF_PRODUCT
        float v[RF_N];
        load_floats(y + row * channels + c, v);
#endif
#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
#if RF_PRODUCT
            sums[i] = fmaf(u[i], v[i], sums[i]);
#else
            sums[i] += u[i];
#endif
        }
    });
}

extern "C" __global__ void column_sums_backward(RF_W* __restrict__ total, const float* __restrict__ partial, long long groups, int parts, int channels)
{
    __shared__ float lines[COLUMN_LINES][32];
    int c = blockIdx.x * 32 + threadIdx.x;
    for (long long group = blockIdx.y; group < groups; group += gridDim.y)
    {
        float sum = 0.0f;
        for (int part = threadIdx.y; part < parts && c < channels; part += COLUMN_LINES)
        {
            sum += partial[(group * parts + part) * channels + c];
        }

        // The lines of the group before have been read.
        __syncthreads();
        lines[threadIdx.y][threadIdx.x] = sum;
        __syncthreads();
        if (threadIdx.y == 0 && c < channels)
        {
#pragma unroll
            for (int line = 1; line < COLUMN_LINES; line++)
            {
                sum += lines[line][threadIdx.x];
            }

            store_float(total + group * channels + c, sum);
        }
    }
}
