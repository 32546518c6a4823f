// attention: y[b, i, n] = sum_j p_ij v[b, j, n],   p_ij = softmax_j(scale * q[b, i, n] . k[b, j, n] + bias[n, j - i + L - 1])
//
//   y, q          [B, L, N, D]      RF_T
//   k, v          [B, S, N, D]      RF_T
//   log_sum       [B, N, L]         float    ln sum_j exp(score), for the backward pass; null for none
//   key_lengths   [B]               int      keys past these are not read; null for none
//   bias          [N, L + S - 1]    float    only with RF_BIAS = 1; with bf16 the score is rounded before and after the addition
//
// Which keys a query sees: common/attention_mask.cuh. A query that sees none gives zeros and minus infinity.
// Streaming softmax (Dao 2023, FlashAttention-2, algorithm 1): no score matrix, float sums. Launched by Attention.Cuda.cs.
//
// RF_TENSOR = 1: bf16 on the tensor cores, D a multiple of 8 and at most RF_HEAD_DIM, a multiple of 16; scale > 0; rows aligned to 16
// bytes. A block of 4 warps takes 4 * RF_ROWS queries (32 a warp halve the reading of keys from shared memory, 16 leave room for wide
// heads) and RF_KEYS keys at a time, the next ones on their way. Values are made RF_VALUE_DIM columns to a block.
// Grid: (tiles of queries, N, B * value parts). Dynamic shared memory: SHARED_BYTES.
// RF_TENSOR = 0: float or bf16, D = RF_HEAD_DIM of any size, everything in float, 128 threads. Grid: (tiles of RF_KEYS queries, N, B).
//
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=128 RF_VALUE_DIM=128 RF_ROWS=32 RF_KEYS=64 RF_MASK=0,1 RF_BIAS=0
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=128 RF_VALUE_DIM=128 RF_ROWS=32 RF_KEYS=32 RF_MASK=2,3 RF_BIAS=0
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=32,80,256 RF_VALUE_DIM=RF_HEAD_DIM RF_ROWS=16 RF_KEYS=32 RF_MASK=0,3 RF_BIAS=0
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=64 RF_VALUE_DIM=64 RF_ROWS=16 RF_KEYS=32 RF_MASK=0,1 RF_BIAS=1
// Variants: RF_TENSOR=1 RF_T=bf16 RF_HEAD_DIM=384 RF_VALUE_DIM=192 RF_ROWS=16 RF_KEYS=16 RF_MASK=0 RF_BIAS=0
// Variants: RF_TENSOR=0 RF_T=float RF_HEAD_DIM=12,128 RF_KEYS=32 RF_MASK=0,1,2,3 RF_BIAS=0
// Variants: RF_TENSOR=0 RF_T=float,bf16 RF_HEAD_DIM=64 RF_KEYS=32 RF_MASK=0 RF_BIAS=1
// Variants: RF_TENSOR=0 RF_T=float RF_HEAD_DIM=384 RF_KEYS=16 RF_MASK=0 RF_BIAS=0
#include "common/attention_mask.cuh"
#include "common/pack.cuh"

#define ATTENTION_THREADS 128

// The score of a key that is not seen: finite, so that differences are never NaN.
#define UNSEEN -1.2676506e30f
#define LN_2 0.693147181f

#if RF_TENSOR
#include "common/attention_tensor.cuh"
#else
#include "common/attention_float.cuh"
#endif
