// Storage types and their conversions to float. Twin of BFloat16.cs, Float8E4M3.cs and Rounding.cs: same bits for every input.
//
// NVRTC knows no 16-bit float types without the toolkit's headers, so these are plain words.
#pragma once

typedef unsigned char byte;
typedef unsigned short word;
typedef unsigned int uint;
typedef unsigned long long ulong;

struct bf16
{
    word bits;
};

struct f16
{
    word bits;
};

// 4 exponent and 3 fraction bits, no infinities.
struct f8
{
    byte bits;
};

__device__ __forceinline__ float to_float(float value)
{
    return value;
}

__device__ __forceinline__ float to_float(bf16 value)
{
    return __uint_as_float((uint)value.bits << 16);
}

__device__ __forceinline__ float to_float(f16 value)
{
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
}

__device__ __forceinline__ float to_float(f8 value)
{
    // As a float with the wrong exponent, then scaled by 2^120: right for subnormals too.
    uint magnitude = value.bits & 0x7f;
    float result = __uint_as_float(magnitude << 20) * __uint_as_float((127 + 120) << 23);
    result = magnitude == 0x7f ? __uint_as_float(0x7fc00000) : result;
    return value.bits & 0x80 ? -result : result;
}

// Rounds to nearest, ties to even; NaN stays NaN (cvt gives the canonical one).
__device__ __forceinline__ bf16 to_bf16(float value)
{
    bf16 result;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
    return result;
}

__device__ __forceinline__ f16 to_f16(float value)
{
    f16 result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
    return result;
}

// Ties to even, saturates at 448; not cvt, which needs sm_89.
__device__ __forceinline__ f8 to_f8(float value)
{
    uint bits = __float_as_uint(value);
    uint sign = bits >> 31 << 7;
    uint magnitude = bits & 0x7fffffff;
    uint code;
    if (magnitude >= 0x43e00000)
    {
        code = magnitude > 0x7f800000 ? 0x7f : 0x7e;
    }
    else if (magnitude < 0x3c800000)
    {
        // Below 2^-6 the step is 2^-9: adding 2^14 leaves just those bits, rounded.
        code = __float_as_uint(__uint_as_float(magnitude) + 16384.0f) & 0x7f;
    }
    else
    {
        code = ((magnitude + 0x7ffff + ((magnitude >> 20) & 1)) >> 20) - ((127 - 7) << 3);
    }

    f8 result;
    result.bits = (byte)(sign | code);
    return result;
}

__device__ __forceinline__ void store_float(float* target, float value)
{
    *target = value;
}

__device__ __forceinline__ void store_float(bf16* target, float value)
{
    *target = to_bf16(value);
}

__device__ __forceinline__ void store_float(f16* target, float value)
{
    *target = to_f16(value);
}

__device__ __forceinline__ void store_float(f8* target, float value)
{
    *target = to_f8(value);
}

// Two bfloat16 in a word, the first in the low half.
__device__ __forceinline__ uint pack_bf16(float low, float high)
{
    uint result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
}

__device__ __forceinline__ float low_bf16(uint pair)
{
    return __uint_as_float(pair << 16);
}

__device__ __forceinline__ float high_bf16(uint pair)
{
    return __uint_as_float(pair & 0xffff0000u);
}

// A rounding point of the contract: to the storage type and back.
template <typename T>
__device__ __forceinline__ float round_to(float value)
{
    return value;
}

template <>
__device__ __forceinline__ float round_to<bf16>(float value)
{
    return to_float(to_bf16(value));
}
