// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mobi::kernels {

/// A bfloat16 number: the upper half of a float.
using Bf16 = std::uint16_t;

/// Attention over one sequence.  Rows are tokens; a row of `qkv` holds the queries of all heads,
/// then the keys, then the values of all key/value heads, side by side, each `head_dim` wide.
template <typename T>
struct AttentionTask {
    const T* qkv;             ///< first token's row
    std::size_t qkv_stride;   ///< numbers from row to row
    const float* bias;        ///< ((heads + 2 kv_heads) * head_dim), added to qkv; or null
    T* out;                   ///< first query's row, `heads * head_dim` wide
    std::size_t out_stride;   ///< numbers from row to row
    std::size_t tokens;       ///< n
    std::size_t first_query;  ///< queries first_query .. first_query + queries - 1 are computed
    std::size_t queries;      ///< their results go to consecutive rows of `out`
    std::size_t heads;        ///< H
    std::size_t kv_heads;     ///< a divisor of H: query head h uses key/value head h kv_heads / H
    std::size_t head_dim;     ///< any; even with rotation
    bool causal;              ///< query i sees keys 0..i only
    const float* rotation;    ///< null, or (n, head_dim): cosines, then sines of token t's angles;
                            ///< channels c and c + head_dim / 2 of query and key are turned by c's
    const float*
        position_bias;  ///< null, or of head 0: at [key - query] the number added to scores
    std::size_t position_stride;  ///< numbers from head to head; 16 more may be read than are used
    float* scratch;               ///< attention_scratch(n, head_dim) floats, 64-byte aligned
};

/// Floats that attention() needs as working space.
std::size_t attention_scratch(std::size_t tokens, std::size_t head_dim);

/// A norm of a sum s = a + b + bias over each row:
/// LayerNorm (s - mean s) / sqrt(var s + eps) * weight + shift, or, with `rms`,
/// s / sqrt(mean s² + eps) * weight (Zhang and Sennrich, arXiv 1910.07467).
template <typename T>
struct NormTask {
    T* out;  ///< (rows, width), or null: only the sum is wanted; may be `a` or `b`
    T* sum;  ///< (rows, width): s is kept here; or null.  May be `a` or `b`, not `out`
    const T* a;
    const T* b;         ///< or null
    const float* bias;  ///< (width), or null
    std::size_t rows;
    std::size_t width;
    bool rms;
    const float* weight;  ///< (width)
    const float* shift;   ///< (width); not read with `rms`
    float eps;
    float* scratch;  ///< `width` floats, 64-byte aligned
};

enum class Activation {
    Gelu,      ///< x (1 + erf(x / √2)) / 2
    GeluTanh,  ///< x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2: `gelu_new`
    Relu,
    Silu,  ///< x / (1 + e^-x)
};

/// y = φ(x + bias), or, gated, y = φ(gate) up with x = [gate | up].
template <typename T>
struct ActivationTask {
    T* y;               ///< (rows, width); may be x when not gated
    const T* x;         ///< (rows, width), gated: (rows, 2 width)
    const float* bias;  ///< as wide as x, or null
    std::size_t rows;
    std::size_t width;
    Activation kind;
    bool gated;
};

/// The operations around the products.  Numbers are read and stored as T; inside everything is
/// fp32, in a fixed order, so that a row's result depends on that row alone.
template <typename T>
struct KernelSet {
    void (*attention)(const AttentionTask<T>& task);
    void (*norm)(const NormTask<T>& task);
    void (*activate)(const ActivationTask<T>& task);
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
