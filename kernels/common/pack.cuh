// N neighbouring elements as floats, moved with one access of sizeof(T) * N bytes (1, 2, 4, 8 or 16; 32 takes two).
// The launcher picks N so that every address is a multiple of that size; N = 1 always fits.
#pragma once

#include "common/bf16.cuh"

template <int BYTES>
struct chunk;

template <>
struct chunk<1>
{
    typedef byte type;
};

template <>
struct chunk<2>
{
    typedef word type;
};

template <>
struct chunk<4>
{
    typedef uint type;
};

template <>
struct chunk<8>
{
    typedef uint2 type;
};

template <>
struct chunk<16>
{
    typedef uint4 type;
};

__device__ __forceinline__ void move_words(const uint4& source, uint* words)
{
    words[0] = source.x;
    words[1] = source.y;
    words[2] = source.z;
    words[3] = source.w;
}

__device__ __forceinline__ void move_words(const uint2& source, uint* words)
{
    words[0] = source.x;
    words[1] = source.y;
}

__device__ __forceinline__ void move_words(uint source, uint* words)
{
    words[0] = source;
}

__device__ __forceinline__ void move_words(word source, uint* words)
{
    words[0] = source;
}

__device__ __forceinline__ void move_words(byte source, uint* words)
{
    words[0] = source;
}

__device__ __forceinline__ void move_words(const uint* words, uint4& target)
{
    target = make_uint4(words[0], words[1], words[2], words[3]);
}

__device__ __forceinline__ void move_words(const uint* words, uint2& target)
{
    target = make_uint2(words[0], words[1]);
}

__device__ __forceinline__ void move_words(const uint* words, uint& target)
{
    target = words[0];
}

__device__ __forceinline__ void move_words(const uint* words, word& target)
{
    target = (word)words[0];
}

__device__ __forceinline__ void move_words(const uint* words, byte& target)
{
    target = (byte)words[0];
}

// Element i of consecutive words.
template <typename T>
__device__ __forceinline__ float element(const uint* words, int i);

template <>
__device__ __forceinline__ float element<float>(const uint* words, int i)
{
    return __uint_as_float(words[i]);
}

template <>
__device__ __forceinline__ float element<bf16>(const uint* words, int i)
{
    return i % 2 == 0 ? low_bf16(words[i / 2]) : high_bf16(words[i / 2]);
}

template <>
__device__ __forceinline__ float element<f16>(const uint* words, int i)
{
    f16 value;
    value.bits = (word)(words[i / 2] >> (16 * (i % 2)));
    return to_float(value);
}

template <>
__device__ __forceinline__ float element<f8>(const uint* words, int i)
{
    f8 value;
    value.bits = (byte)(words[i / 4] >> (8 * (i % 4)));
    return to_float(value);
}

template <typename T, int N>
__device__ __forceinline__ void load_floats(const T* source, float (&values)[N])
{
    constexpr int BYTES = sizeof(T) * N > 16 ? 16 : sizeof(T) * N;
    constexpr int EACH = BYTES / sizeof(T);
    typedef typename chunk<BYTES>::type piece;
#pragma unroll
    for (int first = 0; first < N; first += EACH)
    {
        uint words[(BYTES + 3) / 4];
        move_words(*(const piece*)(source + first), words);
#pragma unroll
        for (int i = 0; i < EACH; i++)
        {
            values[first + i] = element<T>(words, i);
        }
    }
}

// The word that holds elements i .. of a row of floats, rounded to T.
template <typename T>
__device__ __forceinline__ uint pack_word(const float* values)
{
    uint result = 0;
#pragma unroll
    for (int i = 0; i < 4 / (int)sizeof(T); i++)
    {
        T element;
        store_float(&element, values[i]);
        result |= (uint)element.bits << (8 * sizeof(T) * i);
    }

    return result;
}

template <>
__device__ __forceinline__ uint pack_word<float>(const float* values)
{
    return __float_as_uint(values[0]);
}

template <>
__device__ __forceinline__ uint pack_word<bf16>(const float* values)
{
    return pack_bf16(values[0], values[1]);
}

template <typename T, int N>
__device__ __forceinline__ void store_floats(T* target, const float (&values)[N])
{
    if constexpr (sizeof(T) * N < 4)
    {
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            store_float(target + i, values[i]);
        }
    }
    else
    {
        constexpr int BYTES = sizeof(T) * N > 16 ? 16 : sizeof(T) * N;
        constexpr int EACH = BYTES / sizeof(T);
        typedef typename chunk<BYTES>::type piece;
#pragma unroll
        for (int first = 0; first < N; first += EACH)
        {
            uint words[BYTES / 4];
#pragma unroll
            for (int i = 0; i < BYTES / 4; i++)
            {
                words[i] = pack_word<T>(values + first + i * (4 / (int)sizeof(T)));
            }

            piece packed;
            move_words(words, packed);
            *(piece*)(target + first) = packed;
        }
    }
}
