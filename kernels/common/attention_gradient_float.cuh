// The float body of attention_gradient.cu: for F32 and for heads of any width. Blocks of queries and of keys differ in names only: both own two
// tiles (q and dy, or k and v), and two tiles of the other side pass by.
#pragma once

#define GRADIENT_THREADS 128

// Threads that share an owned row: each makes every LANES-th weight and every LANES-th column of the result.
#define LANES (GRADIENT_THREADS / RF_STEP)
#define COLUMNS ((RF_HEAD_DIM + LANES - 1) / LANES)

// An odd distance between rows keeps rows read together in different banks.
#define PITCH (RF_HEAD_DIM | 1)
#define SHARED_BYTES (4 * RF_STEP * PITCH * 4)

// Rows that has(row) denies are zeros.
template <typename HAS>
__device__ __forceinline__ void widen_rows(float* tile, const RF_T* head, long long stride, int first, HAS has)
{
    for (int i = threadIdx.x; i < RF_STEP * RF_HEAD_DIM; i += GRADIENT_THREADS)
    {
        int row = i / RF_HEAD_DIM;
        int d = i % RF_HEAD_DIM;
        bool valid = has(first + row);
        float value = to_float(head[valid ? (first + row) * stride + d : 0]);
        tile[row * PITCH + d] = valid ? value : 0.0f;
    }
}

typedef float weight_tile[RF_STEP][RF_STEP + 1];

// Multiplies the owned row with all passing ones: `own` and `passing` are two tiles each, scores in the first, slopes in the second.
// weigh(j, score, slope) turns a pair into the weight and the gradient of the score of passing row j.
template <typename WEIGH>
__device__ __forceinline__ void weigh_rows(const float* own, const float* passing, weight_tile& weights, weight_tile& slopes, WEIGH weigh)
{
    int row = threadIdx.x / LANES;
    int lane = threadIdx.x % LANES;
    float scores[RF_STEP / LANES] = {};
    float products[RF_STEP / LANES] = {};
#pragma unroll 2
    for (int d = 0; d < RF_HEAD_DIM; d++)
    {
        float u = own[row * PITCH + d];
        float w = own[(RF_STEP + row) * PITCH + d];
#pragma unroll
        for (int j = 0; j < RF_STEP / LANES; j++)
        {
            scores[j] = fmaf(u, passing[(j * LANES + lane) * PITCH + d], scores[j]);
            products[j] = fmaf(w, passing[(RF_STEP + j * LANES + lane) * PITCH + d], products[j]);
        }
    }

#pragma unroll
    for (int j = 0; j < RF_STEP / LANES; j++)
    {
        float2 pair = weigh(j * LANES + lane, scores[j], products[j]);
        weights[row][j * LANES + lane] = pair.x;
        slopes[row][j * LANES + lane] = pair.y;
    }
}

__device__ __forceinline__ void add_rows(float (&sums)[COLUMNS], const weight_tile& weights, const float* passing)
{
    int row = threadIdx.x / LANES;
    int lane = threadIdx.x % LANES;
#pragma unroll 1
    for (int j = 0; j < RF_STEP; j++)
    {
        float weight = weights[row][j];
#pragma unroll
        for (int i = 0; i < COLUMNS; i++)
        {
            sums[i] = fmaf(weight, passing[j * PITCH + min(i * LANES + lane, RF_HEAD_DIM - 1)], sums[i]);
        }
    }
}

__device__ __forceinline__ void store_row(RF_T* target, const float (&sums)[COLUMNS], float factor)
{
#pragma unroll
    for (int i = 0; i < COLUMNS; i++)
    {
        int d = i * LANES + threadIdx.x % LANES;
        if (d < RF_HEAD_DIM)
        {
            store_float(target + d, sums[i] * factor);
        }
    }
}

__device__ __forceinline__ float2 weight_of(float score, float slope, float2 row, const float* bias, int entry, bool seen)
{
    if (RF_BIAS)
    {
        score = round_to<RF_T>(round_to<RF_T>(score) + bias[entry]);
    }

    float weight = seen ? expf(score - row.x) : 0.0f;
    return make_float2(weight, seen ? weight * (slope - row.y) : 0.0f);
}

// A block of queries goes over the keys they see. weigh(j, score, slope) as above, with the number of the key and whether it is seen; use() follows
// when the weights of all threads are there.
template <typename WEIGH, typename USE>
__device__ __forceinline__ void pass_keys(
    float* tiles, weight_tile& weights, weight_tile& slopes, const RF_T* dy, const RF_T* q, const RF_T* k, const RF_T* v, int first_query, int queries,
    int keys, long long stride, float scale, mask_sizes mask, WEIGH weigh, USE use)
{
    __shared__ key_plan plan;
    float* passing = tiles + 2 * RF_STEP * PITCH;
    int query = first_query + threadIdx.x / LANES;
    widen_rows(tiles, q, stride, first_query, [&](int row) { return row < queries; });
    widen_rows(tiles + RF_STEP * PITCH, dy, stride, first_query, [&](int row) { return row < queries; });
    plan_keys(plan, first_query, RF_STEP, queries, keys, mask);
    int4 ranges = visible_keys(query, keys, mask);
    key_cursor at;
    for (bool more = first_keys(plan, at); more; more = next_keys(plan, at, RF_STEP))
    {
        int end = plan.end[at.segment];

        // What passed before has been read by all.
        __syncthreads();
        widen_rows(passing, k, stride, at.start, [&](int row) { return row < end; });
        widen_rows(passing + RF_STEP * PITCH, v, stride, at.start, [&](int row) { return row < end; });
        __syncthreads();
        weigh_rows(tiles, passing, weights, slopes, [&](int j, float score, float slope) {
            int key = at.start + j;
            bool seen = query < queries && key < end && sees(ranges, query, key, keys);
            return weigh(min(key, keys - 1), score * scale, slope, seen);
        });

        __syncthreads();
        use(passing);
    }
}

// delta again, as sum_j p_ij (dy_i . v_j) over sum_j p_ij: y has roundings of its own, and gradients of what all keys share cancel but for them.
extern "C" __global__ void __launch_bounds__(GRADIENT_THREADS, 1) attention_gradient_backward_delta(
    float2* __restrict__ rows, const RF_T* __restrict__ dy, const RF_T* __restrict__ q, const RF_T* __restrict__ k, const RF_T* __restrict__ v,
    const float* __restrict__ bias, int queries, int keys, int heads, int head_dim, float scale, int mask_first, int mask_skip, int mask_block,
    int mask_local, int mask_total)
{
    extern __shared__ float tiles[];
    __shared__ weight_tile weights, slopes;
    int first_query = blockIdx.x * RF_STEP;
    int query = first_query + threadIdx.x / LANES;
    int head = blockIdx.y;
    int sample = blockIdx.z;
    long long stride = (long long)heads * head_dim;
    long long at_queries = sample * queries * stride + head * head_dim;
    long long at_keys = sample * keys * stride + head * head_dim;
    long long at_bias = (long long)head * (queries + keys - 1) + queries - 1 - min(query, queries - 1);
    float2* place = rows + ((long long)sample * heads + head) * queries + min(query, queries - 1);
    float2 own = make_float2(place->x, 0.0f);
    float sum = 0.0f;
    float total = 0.0f;
    pass_keys(
        tiles, weights, slopes, dy + at_queries, q + at_queries, k + at_keys, v + at_keys, first_query, queries, keys, stride, scale,
        {mask_first, mask_skip, mask_block, mask_local, mask_total},
        [&](int key, float score, float slope, bool seen) {
            float2 pair = weight_of(score, slope, own, bias + at_bias, key, seen);
            sum += pair.x;
            total += pair.y;
            return pair;
        },
        [](const float*) {});
#pragma unroll
    for (int step = LANES / 2; step > 0; step /= 2)
    {
        sum += __shfl_xor_sync(0xffffffff, sum, step);
        total += __shfl_xor_sync(0xffffffff, total, step);
    }

    if (query < queries && threadIdx.x % LANES == 0)
    {
        place->y = sum > 0.0f ? total / sum : 0.0f;
    }
}

extern "C" __global__ void __launch_bounds__(GRADIENT_THREADS, 1) attention_gradient_backward_query(
    RF_T* __restrict__ dq, const RF_T* __restrict__ dy, const RF_T* __restrict__ q, const RF_T* __restrict__ k, const RF_T* __restrict__ v,
    const float2* __restrict__ rows, const float* __restrict__ bias, int queries, int keys, int heads, int head_dim, float scale,
    int mask_first, int mask_skip, int mask_block, int mask_local, int mask_total)
{
    extern __shared__ float tiles[];
    __shared__ weight_tile weights, slopes;
    int first_query = blockIdx.x * RF_STEP;
    int query = first_query + threadIdx.x / LANES;
    int head = blockIdx.y;
    int sample = blockIdx.z;
    long long stride = (long long)heads * head_dim;
    long long at_queries = sample * queries * stride + head * head_dim;
    long long at_keys = sample * keys * stride + head * head_dim;
    long long at_bias = (long long)head * (queries + keys - 1) + queries - 1 - min(query, queries - 1);
    float2 own = rows[((long long)sample * heads + head) * queries + min(query, queries - 1)];
    float sums[COLUMNS] = {};
    pass_keys(
        tiles, weights, slopes, dy + at_queries, q + at_queries, k + at_keys, v + at_keys, first_query, queries, keys, stride, scale,
        {mask_first, mask_skip, mask_block, mask_local, mask_total},
        [&](int key, float score, float slope, bool seen) { return weight_of(score, slope, own, bias + at_bias, key, seen); },
        [&](const float* passing) { add_rows(sums, slopes, passing); });
    if (query < queries)
    {
        store_row(dq + at_queries + query * stride, sums, scale);
    }
}

extern "C" __global__ void __launch_bounds__(GRADIENT_THREADS, 1) attention_gradient_backward_key(
    RF_T* __restrict__ dk, RF_T* __restrict__ dv, const RF_T* __restrict__ dy, const RF_T* __restrict__ q, const RF_T* __restrict__ k,
    const RF_T* __restrict__ v, const float2* __restrict__ rows, const float* __restrict__ bias, int queries, int keys, int heads,
    int head_dim, float scale, int mask_first, int mask_skip, int mask_block, int mask_local, int mask_total)
{
    extern __shared__ float tiles[];
    __shared__ weight_tile weights, slopes;
    __shared__ key_plan plan;
    float* passing = tiles + 2 * RF_STEP * PITCH;
    int first_key = blockIdx.x * RF_STEP;
    int key = first_key + threadIdx.x / LANES;
    int head = blockIdx.y;
    int sample = blockIdx.z;
    long long stride = (long long)heads * head_dim;
    long long at_queries = sample * queries * stride + head * head_dim;
    long long at_keys = sample * keys * stride + head * head_dim;
    long long at_bias = (long long)head * (queries + keys - 1) + queries - 1 + min(key, keys - 1);
    mask_sizes mask = {mask_first, mask_skip, mask_block, mask_local, mask_total};

    // Keys that no query sees are not read: a cache holds anything there.
    int4 all = visible_keys(0, keys, mask);
    auto has = [&](int row) { return row < keys && (RF_MASK >= 2 || sees(all, 0, row, keys)); };
    widen_rows(tiles, k + at_keys, stride, first_key, has);
    widen_rows(tiles + RF_STEP * PITCH, v + at_keys, stride, first_key, has);
    plan_queries(plan, first_key, RF_STEP, queries, keys, mask);
    float key_sums[COLUMNS] = {};
    float value_sums[COLUMNS] = {};
    key_cursor at;
    for (bool more = first_keys(plan, at); more; more = next_keys(plan, at, RF_STEP))
    {
        int end = plan.end[at.segment];

        // What passed before has been read by all.
        __syncthreads();
        widen_rows(passing, q + at_queries, stride, at.start, [&](int row) { return row < end; });
        widen_rows(passing + RF_STEP * PITCH, dy + at_queries, stride, at.start, [&](int row) { return row < end; });
        __syncthreads();
        weigh_rows(tiles, passing, weights, slopes, [&](int j, float score, float slope) {
            int query = min(at.start + j, queries - 1);
            bool seen = at.start + j < end && key < keys && sees(visible_keys(query, keys, mask), query, key, keys);
            return weight_of(score * scale, slope, rows[((long long)sample * heads + head) * queries + query], bias + at_bias, -query, seen);
        });

        __syncthreads();
        add_rows(key_sums, slopes, passing);
        add_rows(value_sums, weights, passing + RF_STEP * PITCH);
    }

    if (key < keys)
    {
        store_row(dk + at_keys + key * stride, key_sums, scale);
        store_row(dv + at_keys + key * stride, value_sums, 1.0f);
    }
}
