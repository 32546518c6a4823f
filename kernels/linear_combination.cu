// linear_combination: y[i] = sum_k factor[k] * x_k[i], from left to right
//
//   y          [n]      RF_T
//   terms      [K, 3]   64-bit words: address of x_k, bits of its factor (double), 1 if x_k is bf16 and 0 if it is float
//
// RF_T is float or bf16; products and sums are double, each rounded as double, the result rounded once to float and once to RF_T.
// The terms are in memory and not parameters: there may be any number, and a replayed graph may change the factors.
// Threads and RF_N: common/elements.cuh. Launched by LinearCombination.cs.
//
// Variants: RF_T=float,bf16 RF_N=1,4
#include "common/elements.cuh"

extern "C" __global__ void linear_combination_forward(RF_T* __restrict__ y, const long long* __restrict__ terms, int number, long long count)
{
    long long at = first_element();
    if (at >= count)
    {
        return;
    }

    double sums[RF_N];
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        sums[i] = 0.0;
    }

    for (int k = 0; k < number; k++)
    {
        const void* x = (const void*)terms[3 * k];
        double factor = __longlong_as_double(terms[3 * k + 1]);
        float v[RF_N];
        if (terms[3 * k + 2] != 0)
        {
            load_floats((const bf16*)x + at, v);
        }
        else
        {
            load_floats((const float*)x + at, v);
        }

#pragma unroll
        for (int i = 0; i < RF_N; i++)
        {
            sums[i] = __dadd_rn(sums[i], __dmul_rn(factor, (double)v[i]));
        }
    }

    float result[RF_N];
#pragma unroll
    for (int i = 0; i < RF_N; i++)
    {
        result[i] = (float)sums[i];
    }

    store_floats(y + at, result);
}
