// attention_gradient: gradients of attention.cu's y. With p_ij = exp(score_ij - log_sum_i) and delta_i = dy_i . y_i, per sample and head:
//
//   ds_ij = p_ij (dy_i . v_j - delta_i),   dq_i = scale sum_j ds_ij k_j,   dk_j = scale sum_i ds_ij q_i,   dv_j = sum_i p_ij dy_i,
//   dbias[n, e] = sum_b sum_i ds_(i, i + e - L + 1)
//
//   dq, q, dy, y       [B, L, N, D]     RF_T
//   dk, dv, k, v       [B, S, N, D]     RF_T
//   log_sum            [B, N, L]        float     from the forward pass
//   rows               [B, N, L, 2]     float     log_sum, plus infinity where a query sees nothing, and delta
//   bias, dbias        [N, L + S - 1]   float     only with RF_BIAS = 1
//
// Which keys a query sees: common/attention_mask.cuh; gradients of keys nobody sees are zeros. Dao 2023 (FlashAttention-2), algorithm 2, but
// scores are made twice, by blocks that own queries and by blocks that own keys: nothing is added up by two blocks, and runs repeat bit by bit.
// Launched by Attention.Backward.cs.
//
// RF_TENSOR = 1: bf16 on the tensor cores, D a multiple of 8 and at most RF_HEAD_DIM, scale > 0, rows aligned to 16 bytes. RF_WARPS warps own 16
// rows each; RF_STEP rows of the other side pass by at a time, with RF_STAGES = 2 the next ones on their way. p and ds are rounded to bf16
// before they multiply. A block makes RF_VALUE_DIM columns, a whole part of RF_HEAD_DIM. Grid: (tiles of 16 RF_WARPS rows, N, B * parts).
// RF_TENSOR = 0: float or bf16, D = RF_HEAD_DIM of any size, everything in float, 128 threads, tiles of RF_STEP rows. Grid: (tiles, N, B).
// There delta is made from the weights, which is exact to their rounding.
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=128 RF_VALUE_DIM=128 RF_WARPS=4 RF_STEP=32 RF_STAGES=2 RF_MASK=0,1 RF_BIAS=0
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=128 RF_VALUE_DIM=128 RF_WARPS=4 RF_STEP=16 RF_STAGES=2 RF_MASK=2,3 RF_BIAS=0
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=128 RF_VALUE_DIM=128 RF_WARPS=4 RF_STEP=16 RF_STAGES=2 RF_MASK=1 RF_BIAS=1
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=64 RF_VALUE_DIM=64 RF_WARPS=4 RF_STEP=32 RF_STAGES=2 RF_MASK=0,1 RF_BIAS=1
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=32,80 RF_VALUE_DIM=RF_HEAD_DIM RF_WARPS=4 RF_STEP=32 RF_STAGES=2 RF_MASK=0 RF_BIAS=0
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=32,80 RF_VALUE_DIM=RF_HEAD_DIM RF_WARPS=4 RF_STEP=16 RF_STAGES=2 RF_MASK=3 RF_BIAS=0
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=256,384 RF_VALUE_DIM=128 RF_WARPS=2 RF_STEP=16 RF_STAGES=1 RF_MASK=0 RF_BIAS=0
// Variants: RF_TENSOR=0 RF_T=float RF_HEAD_DIM=12,128 RF_STEP=32 RF_MASK=0,1,2,3 RF_BIAS=0
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_HEAD_DIM=64 RF_STEP=32 RF_MASK=0 RF_BIAS=1
// Variants: RF_TENSOR=0 RF_T=float RF_HEAD_DIM=384 RF_STEP=16 RF_MASK=0 RF_BIAS=0
#include "common/attention_mask.cuh"
#include "common/pack.cuh"
#include "common/reduce.cuh"

#define ROW_WARPS 8

#if RF_TENSOR
#include "common/attention_gradient_tensor.cuh"
#else
#include "common/attention_gradient_float.cuh"
#endif

// A warp for each query and head, in the order of their memory; blocks of 32 ROW_WARPS threads.
extern "C" __global__ void attention_gradient_backward_rows(
    float2* __restrict__ rows, const RF_T* __restrict__ dy, const RF_T* __restrict__ y, const float* __restrict__ log_sum, long long count,
    int queries, int heads, int head_dim)
{
    long long row = (long long)blockIdx.x * ROW_WARPS + threadIdx.x / 32;
    if (row >= count)
    {
        return;
    }

    float sum = 0.0f;
    for (int d = threadIdx.x % 32; d < head_dim; d += 32)
    {
        sum = fmaf(to_float(dy[row * head_dim + d]), to_float(y[row * head_dim + d]), sum);
    }

    sum = combine_warp(sum, [](float a, float b) { return a + b; });
    if (threadIdx.x % 32 == 0)
    {
        long long token = row / heads;
        long long at = (token / queries * heads + row % heads) * queries + token % queries;
        float infinity = __int_as_float(0x7f800000);
        float level = log_sum[at];
        rows[at] = make_float2(level == -infinity ? infinity : level, sum);
    }
}

#if RF_BIAS
// A warp for each entry of the bias, in blocks of ROW_WARPS; grid: (entries, N). It goes along its diagonal.
extern "C" __global__ void attention_gradient_backward_bias(
    float* __restrict__ dbias, const RF_T* __restrict__ dy, const RF_T* __restrict__ q, const RF_T* __restrict__ k, const RF_T* __restrict__ v,
    const float2* __restrict__ rows, const float* __restrict__ bias, int batch, int queries, int keys, int heads, int head_dim, float scale,
    int mask_first, int mask_skip, int mask_block, int mask_local, int mask_total)
{
    int entries = queries + keys - 1;
    int entry = blockIdx.x * ROW_WARPS + threadIdx.x / 32;
    int head = blockIdx.y;
    if (entry >= entries)
    {
        return;
    }

    mask_sizes mask = {mask_first, mask_skip, mask_block, mask_local, mask_total};
    int shift = entry - queries + 1;
    float term = bias[(long long)head * entries + entry];
    float total = 0.0f;
    for (int sample = 0; sample < batch; sample++)
    {
        for (int query = max(0, -shift); query < min(queries, keys - shift); query++)
        {
            int key = query + shift;
            if (!sees(visible_keys(query, keys, mask), query, key, keys))
            {
                continue;
            }

            long long at = (((long long)sample * queries + query) * heads + head) * head_dim;
            long long to = (((long long)sample * keys + key) * heads + head) * head_dim;
            float score = 0.0f;
            float slope = 0.0f;
            for (int d = threadIdx.x % 32; d < head_dim; d += 32)
            {
                score = fmaf(to_float(q[at + d]), to_float(k[to + d]), score);
                slope = fmaf(to_float(dy[at + d]), to_float(v[to + d]), slope);
            }

            score = combine_warp(score, [](float a, float b) { return a + b; });
            slope = combine_warp(slope, [](float a, float b) { return a + b; });
            float2 row = rows[((long long)sample * heads + head) * queries + query];
            score = round_to<RF_T>(round_to<RF_T>(score * scale) + term);
            total += expf(score - row.x) * (slope - row.y);
        }
    }

    if (threadIdx.x % 32 == 0)
    {
        dbias[(long long)head * entries + entry] = total;
    }
}
#endif
