// SPDX-License-Identifier: Apache-2.0
#pragma once

// Attention over one sequence; part of body.hpp.

#include <cstddef>

#include "kernels/kernels.hpp"
#include "kernels/vector.hpp"

namespace mobi::kernels::MOBI_KERNELS_NAMESPACE {
namespace {

/// out[i][0..16) = Σ_k a[i][k] b[k][0..16), i < Rows.
template <std::size_t Rows>
MOBI_INLINE void block_product(const float* a,
                               std::size_t a_stride,
                               const float* b,
                               std::size_t b_stride,
                               std::size_t depth,
                               Floats (&out)[Rows]) {
    for (std::size_t i = 0; i < Rows; ++i) out[i] = Floats{};
    for (std::size_t k = 0; k < depth; ++k) {
        const Floats column = load(b + k * b_stride);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < Rows; ++i) out[i] += a[i * a_stride + k] * column;
    }
}

/// One head of one sequence, in the working space.
struct Head {
    float* keys;     ///< (head_dim, key_stride): transposed
    float* values;   ///< (tokens, value_stride)
    float* queries;  ///< (8, value_stride), scaled
    float* weights;  ///< (8, key_stride), or one row of value_stride
    std::size_t key_stride;
    std::size_t value_stride;
};

/// Reads `head_dim` numbers of a row and adds the bias.  The next head's numbers, which follow, are
/// fetched ahead: the hardware does not see a pattern in rows so far apart.
template <typename T>
MOBI_INLINE void read_row(
    const T* source, const float* bias, std::size_t head_dim, float scale, float* target) {
    constexpr std::size_t kLine = 64 / sizeof(T);
    for (std::size_t c = 0; c < head_dim; c += kLine) __builtin_prefetch(source + head_dim + c);
    for_columns(
        head_dim,
        [&](std::size_t c) {
            Floats value = load(source + c);
            if (bias != nullptr) value += load(bias + c);
            store(target + c, value * scale);
        },
        [&](std::size_t c, std::size_t count) {
            Floats value = load_some(source + c, count);
            if (bias != nullptr) value += load_some(bias + c, count);
            store(target + c, value * scale);
        });
}

/// Turns a query or key by its token's angles.
MOBI_INLINE void rotate_row(float* row, std::size_t head_dim, const float* rotation) {
    const std::size_t half = head_dim / 2;
    const float* sines = rotation + half;
    for (std::size_t c = 0; c < half; ++c) {
        const float a = row[c];
        const float b = row[c + half];
        row[c] = a * rotation[c] - b * sines[c];
        row[c + half] = b * rotation[c] + a * sines[c];
    }
}

/// \param head  of keys and values.
template <typename T>
MOBI_INLINE void read_keys_and_values(const AttentionTask<T>& task,
                                      std::size_t head,
                                      const Head& space) {
    const std::size_t key_offset = (task.heads + head) * task.head_dim;
    const std::size_t value_offset = key_offset + task.kv_heads * task.head_dim;
    const float* key_bias = task.bias == nullptr ? nullptr : task.bias + key_offset;
    const float* value_bias = task.bias == nullptr ? nullptr : task.bias + value_offset;
    for (std::size_t j = 0; j < task.tokens; ++j) {
        const T* row = task.qkv + j * task.qkv_stride;
        float* key = space.weights;  // a row that is not needed yet
        read_row(row + key_offset, key_bias, task.head_dim, 1.0F, key);
        if (task.rotation != nullptr)
            rotate_row(key, task.head_dim, task.rotation + j * task.head_dim);
        for (std::size_t c = 0; c < task.head_dim; ++c)
            space.keys[c * space.key_stride + j] = key[c];
        read_row(row + value_offset, value_bias, task.head_dim, 1.0F,
                 space.values + j * space.value_stride);
    }
    for (std::size_t c = 0; c < task.head_dim; ++c)
        for (std::size_t j = task.tokens; j < space.key_stride; ++j)
            space.keys[c * space.key_stride + j] = 0;
}

/// Softmax of the first `count` numbers of a row of `stride` (a multiple of 16, at least count);
/// the rest becomes zero.  Returns 1 / sum; the row is left unscaled.
MOBI_INLINE float softmax_row(float* row, std::size_t stride, std::size_t count) {
    const Floats lowest = splat(-3.0e38F);
    Floats top = lowest;
    for (std::size_t j = 0; j < stride; j += kLanes) {
        const std::size_t left = j < count ? count - j : 0;
        const Ints used = first_lanes(left < kLanes ? left : kLanes);
        const Floats value = used ? load(row + j) : lowest;
        store(row + j, value);
        top = top > value ? top : value;
    }
    const float shift = largest(top);
    Floats total{};
    for (std::size_t j = 0; j < stride; j += kLanes) {
        const Floats value = exp_negative(load(row + j) - shift);
        store(row + j, value);
        total += value;
    }
    return 1.0F / sum(total);
}

/// Rows queries of one head, from query `first` on; the last rows may repeat the last query.
template <std::size_t Rows, typename T>
MOBI_INLINE void attend(const AttentionTask<T>& task,
                        std::size_t head,
                        const Head& space,
                        std::size_t first) {
    const std::size_t offset = head * task.head_dim;
    const std::size_t used = task.queries - first < Rows ? task.queries - first : Rows;
    const std::size_t top = task.first_query + first;  // query of row 0
    // keys that any of the rows sees
    const std::size_t n = task.causal ? top + used : task.tokens;
    const std::size_t stride = round_up(n);
    const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(task.head_dim));
    for (std::size_t i = 0; i < Rows; ++i) {
        const std::size_t query = top + (i < used ? i : used - 1);
        float* row = space.queries + i * space.value_stride;
        read_row(task.qkv + query * task.qkv_stride + offset,
                 task.bias == nullptr ? nullptr : task.bias + offset, task.head_dim, scale, row);
        if (task.rotation != nullptr)
            rotate_row(row, task.head_dim, task.rotation + query * task.head_dim);
    }
    Floats block[Rows];
    for (std::size_t j = 0; j < stride; j += kLanes) {
        block_product<Rows>(space.queries, space.value_stride, space.keys + j, space.key_stride,
                            task.head_dim, block);
        for (std::size_t i = 0; i < used; ++i) {
            if (task.position_bias != nullptr) {
                const auto distance =
                    static_cast<std::ptrdiff_t>(j) - static_cast<std::ptrdiff_t>(top + i);
                block[i] += load(task.position_bias + head * task.position_stride + distance);
            }
            store(space.weights + i * space.key_stride + j, block[i]);
        }
    }
    float inverse[Rows];
    for (std::size_t i = 0; i < used; ++i)
        inverse[i] = softmax_row(space.weights + i * space.key_stride, stride,
                                 task.causal ? top + i + 1 : n);
    for (std::size_t c = 0; c < space.value_stride; c += kLanes) {
        block_product<Rows>(space.weights, space.key_stride, space.values + c, space.value_stride,
                            n, block);
        for (std::size_t i = 0; i < used; ++i) {
            T* target = task.out + (first + i) * task.out_stride + offset + c;
            if (c + kLanes <= task.head_dim)
                store(target, block[i] * inverse[i]);
            else
                store_some(target, block[i] * inverse[i], task.head_dim - c);
        }
    }
}

template <typename T>
void attention(const AttentionTask<T>& task) {
    Head space;
    space.key_stride = round_up(task.tokens);
    space.value_stride = round_up(task.head_dim);
    const std::size_t row =
        space.key_stride > space.value_stride ? space.key_stride : space.value_stride;
    space.keys = task.scratch;
    space.values = space.keys + task.head_dim * space.key_stride;
    space.queries = space.values + task.tokens * space.value_stride;
    space.weights = space.queries + 8 * space.value_stride;
    for (std::size_t i = 0; i < 8 * row; ++i) space.weights[i] = 0;
    const std::size_t group = task.heads / task.kv_heads;  // query heads that share keys
    for (std::size_t head = 0; head < task.heads; ++head) {
        if (head % group == 0) read_keys_and_values(task, head / group, space);
        std::size_t first = 0;
        for (; task.queries - first > 4;
             first += task.queries - first < 8 ? task.queries - first : 8)
            attend<8>(task, head, space, first);
        if (first < task.queries) attend<4>(task, head, space, first);
    }
}

}  // namespace
}  // namespace mobi::kernels::MOBI_KERNELS_NAMESPACE
