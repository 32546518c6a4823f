// multiply: y[i] = a[i] * b[i mod m]
//
//   y, a       [n]   RF_T
//   b          [m]   RF_W     m divides n: missing leading dimensions are repeated
//
// RF_T is float or bf16; the product is float, rounded once. Threads and RF_N: common/elements.cuh; RF_N divides m. Launched by Multiply.cs.
//
// Variants: RF_T=float,bf16 RF_W=float,bf16 RF_N=1,8
#include "common/elements.cuh"

extern "C" __global__ void multiply_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ a, const RF_W* __restrict__ b, long long count, long long period)
{
    combine_elements(y, a, b, count, period, [](float u, float v) { return u * v; });
}
