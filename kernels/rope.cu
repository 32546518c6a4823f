// rope: (y_2i, y_2i+1) = rotation by position * 10000^(-2i' / width) of (x_2i, x_2i+1), per head, each axis with its own channels
//
//   y, x       [B, L, N, D]   RF_T      tokens past F H W are copied
//   table      see common/rope.cuh      float2, made by rope_forward_angles in double and rounded once
//
// RF_T is float or bf16; rotation in float, rounded once. A thread makes RF_N channels of one head; D and all addresses fit accesses
// of that many. Grid: (N D in blocks, B L in steps of gridDim.y). With direction -1 the angles are the opposite ones: the gradient.
// Launched by RopeTable.cs.
//
// Variants: RF_T=float,bf16 RF_N=2,8
#include "common/double_math.cuh"
#include "common/rope.cuh"

// One thread for each entry of the table.
extern "C" __global__ void rope_forward_angles(float2* __restrict__ table, int frames, int height, int width, int time, int plane, long long start, int direction)
{
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    int rows = frames * (time / 2);
    int columns = rows + height * (plane / 2);
    if (index >= columns + width * (plane / 2))
    {
        return;
    }

    int channels = index < rows ? time : plane;
    int entry = index < rows ? index : index < columns ? index - rows : index - columns;
    long long position = entry / (channels / 2) + (index < rows ? start : 0);

    // -13.28... is -log2 10000.
    double frequency = power_of_two(-13.287712379549449391 * (2 * (entry % (channels / 2))) / channels);
    double sine, cosine;
    sine_cosine((double)position * frequency, sine, cosine);
    table[index] = make_float2((float)cosine, (float)(direction * sine));
}

extern "C" __global__ void rope_forward(
    RF_T* __restrict__ y, const RF_T* __restrict__ x, const float2* __restrict__ table, long long rows, int tokens, int channels,
    int head_dim, int frames, int height, int width, int time, int plane)
{
    int c = (blockIdx.x * blockDim.x + threadIdx.x) * RF_N;
    if (c >= channels)
    {
        return;
    }

    for (long long row = blockIdx.y; row < rows; row += gridDim.y)
    {
        int token = (int)(row % tokens);
        float v[RF_N];
        load_floats(x + row * channels + c, v);
        if (token < frames * height * width)
        {
            rotate(v, c % head_dim, place_of(token, frames, height, width, time, plane), table, time, plane);
        }

        store_floats(y + row * channels + c, v);
    }
}
