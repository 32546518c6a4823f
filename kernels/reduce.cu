// reduce: total = sum_i x[i], or its mean
//
//   partial    [blocks]   double   first pass: one sum for each RF_BLOCK elements
//   y          [1]        float    second pass: partial sums in order, divided by `divisor` (1 for the sum)
//   x          [n]        RF_T
//
// RF_T is float or bf16; sums are double and in a fixed order, so runs repeat bit by bit. Launched by Reduce.cs.
//
// Backward: dx[i] = dy / divisor for all i; dx is RF_T. Threads and RF_N: common/elements.cuh.
//
// Variants: RF_T=float,bf16 RF_N=1,8
#include "common/elements.cuh"
#include "common/reduce.cuh"

// Elements of one partial sum, for 256 threads.
#define RF_BLOCK 8192

extern "C" __global__ void reduce_forward_partial(double* __restrict__ partial, const RF_T* __restrict__ x, long long count)
{
    __shared__ double shared[8];
    long long first = (long long)blockIdx.x * RF_BLOCK;
    long long end = first + RF_BLOCK < count ? first + RF_BLOCK : count;
    double sum = 0.0;
    for (long long i = first + threadIdx.x; i < end; i += 256)
    {
        sum += (double)to_float(x[i]);
    }

    sum = row_sum<8>(sum, shared);
    if (threadIdx.x == 0)
    {
        partial[blockIdx.x] = sum;
    }
}

extern "C" __global__ void reduce_forward(float* __restrict__ y, const double* __restrict__ partial, int blocks, double divisor)
{
    __shared__ double shared[8];
    double sum = 0.0;
    for (int i = threadIdx.x; i < blocks; i += 256)
    {
        sum += partial[i];
    }

    sum = row_sum<8>(sum, shared);
    if (threadIdx.x == 0)
    {
        *y = (float)(sum / divisor);
    }
}

extern "C" __global__ void reduce_backward(RF_T* __restrict__ dx, const float* __restrict__ dy, long long count, double divisor)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    float value = (float)((double)*dy / divisor);
    float v[RF_N];
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        v[i] = value;
    }

    store_floats(dx + at, v);
}
