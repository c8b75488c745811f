// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mobi::kernels {

/// A bfloat16 number: the upper half of a float.
using Bf16 = std::uint16_t;

/// Attention over one sequence.  Rows are tokens; a row of `qkv` holds the queries, the keys and
/// the values of all heads, side by side, each `heads * head_dim` wide.
template <typename T>
struct AttentionTask {
    const T* qkv;             ///< first token's row
    std::size_t qkv_stride;   ///< numbers from row to row
    const float* bias;        ///< (3 * heads * head_dim), added to qkv; or null
    T* out;                   ///< first query's row, `heads * head_dim` wide
    std::size_t out_stride;   ///< numbers from row to row
    std::size_t tokens;       ///< n
    std::size_t first_query;  ///< queries first_query .. first_query + queries - 1 are computed
    std::size_t queries;      ///< their results go to consecutive rows of `out`
    std::size_t heads;        ///< H
    std::size_t head_dim;     ///< any
    const float*
        position_bias;  ///< null, or of head 0: at [key - query] the number added to scores
    std::size_t position_stride;  ///< numbers from head to head; 16 more may be read than are used
    float* scratch;               ///< attention_scratch(n, head_dim) floats, 64-byte aligned
};

/// Floats that attention() needs as working space.
std::size_t attention_scratch(std::size_t tokens, std::size_t head_dim);

/// LayerNorm of a sum: out = (s - mean s) / sqrt(var s + eps) * weight + shift, s = a + b + bias.
template <typename T>
struct NormTask {
    T* out;  ///< (rows, width); may be `a` or `b`
    const T* a;
    const T* b;         ///< or null
    const float* bias;  ///< (width), or null
    std::size_t rows;
    std::size_t width;
    const float* weight;  ///< (width)
    const float* shift;   ///< (width)
    float eps;
    float* scratch;  ///< `width` floats, 64-byte aligned
};

/// The operations around the products.  Numbers are read and stored as T; inside everything is
/// fp32, in a fixed order, so that a row's result depends on that row alone.
template <typename T>
struct KernelSet {
    void (*attention)(const AttentionTask<T>& task);
    void (*layer_norm)(const NormTask<T>& task);
    /// x = gelu(x + bias), the erf form.  x (rows, width), bias (width).
    void (*bias_gelu)(T* x, const float* bias, std::size_t rows, std::size_t width);
    /// sums[c] = Σ over rows of x[row][c]; x (rows, width).
    void (*sum_rows)(const T* x, std::size_t rows, std::size_t width, float* sums);
    /// y = x as fp32.
    void (*widen)(const T* x, std::size_t count, float* y);
};

/// The kernels for one kind of processor.  Sets differ in the last bits (FMA).
struct InstructionSet {
    const char* name;  ///< `"generic"`, `"avx2"` (with FMA) or `"avx512"`
    const KernelSet<float>* single;
    const KernelSet<Bf16>* half;
};

/// The sets that this processor runs, the fastest last; `generic` is always the first.
std::span<const InstructionSet> instruction_sets();

/// The fastest set.
template <typename T>
const KernelSet<T>& best();
template <>
const KernelSet<float>& best<float>();
template <>
const KernelSet<Bf16>& best<Bf16>();

}  // namespace mobi::kernels
