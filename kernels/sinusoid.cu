// sinusoid: y[r, j] = cos(t[r] w_j), y[r, n + j] = sin(t[r] w_j),   w_j = 10000^(-j / n)
//
//   y          [R, 2n]   RF_T
//   t          [R]       float    timesteps, 0 to 1000
//
// RF_T is float or bf16; angles, sines and cosines are double, rounded once to float and once to RF_T. One thread makes one pair.
// Launched by Sinusoid.cs.
//
// Variants: RF_T=float,bf16
#include "common/bf16.cuh"
#include "common/double_math.cuh"

extern "C" __global__ void sinusoid_forward(RF_T* __restrict__ y, const float* __restrict__ t, long long rows, int half)
{
    long long index = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= rows * half)
    {
        return;
    }

    long long row = index / half;
    int j = (int)(index % half);

    // -13.28... is -log2 10000.
    double frequency = power_of_two(-13.287712379549449391 * j / half);
    double sine, cosine;
    sine_cosine((double)t[row] * frequency, sine, cosine);
    store_float(y + row * 2 * half + j, (float)cosine);
    store_float(y + row * 2 * half + half + j, (float)sine);
}
