// SPDX-License-Identifier: Apache-2.0

// The kernels, written once and compiled once for each instruction set: a .cpp file defines
// MOBI_KERNELS_NAMESPACE, is compiled with the set's flags, and includes this file.  Vectors of 16
// floats are the compiler's vector extension; where the hardware has shorter ones, it splits them.
// Nothing from a header may be called here that is not always inlined: the linker could otherwise
// pick an AVX-512 copy of a standard function for the whole program.

#include <cstddef>
#include <cstdint>

#include "model/kernels.hpp"

namespace mobi::kernels::MOBI_KERNELS_NAMESPACE {
namespace {

constexpr std::size_t kLanes = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef std::int32_t Ints __attribute__((vector_size(64)));
typedef std::uint32_t Words __attribute__((vector_size(64)));
typedef std::uint16_t Halves __attribute__((vector_size(32)));

#define MOBI_INLINE [[gnu::always_inline]] inline

constexpr std::size_t round_up(std::size_t count) {
    return (count + kLanes - 1) / kLanes * kLanes;
}

MOBI_INLINE Floats splat(float value) {
    return value - Floats{};
}

MOBI_INLINE Floats load(const float* source) {
    Floats value;
    __builtin_memcpy(&value, source, sizeof(value));
    return value;
}

MOBI_INLINE Floats load(const Bf16* source) {
    Halves halves;
    __builtin_memcpy(&halves, source, sizeof(halves));
    return reinterpret_cast<Floats>(__builtin_convertvector(halves, Words) << 16);
}

MOBI_INLINE void store(float* target, Floats value) {
    __builtin_memcpy(target, &value, sizeof(value));
}

/// To the nearest bfloat16, ties to even.
MOBI_INLINE void store(Bf16* target, Floats value) {
    Words bits = reinterpret_cast<Words>(value);
    bits += 0x7fff + ((bits >> 16) & 1);
    const Halves halves = __builtin_convertvector(bits >> 16, Halves);
    __builtin_memcpy(target, &halves, sizeof(halves));
}

/// The first `count` < 16 numbers; the other lanes are zero.
template <typename T>
MOBI_INLINE Floats load_some(const T* source, std::size_t count) {
    T padded[kLanes] = {};
    for (std::size_t i = 0; i < count; ++i) padded[i] = source[i];
    return load(padded);
}

template <typename T>
MOBI_INLINE void store_some(T* target, Floats value, std::size_t count) {
    T padded[kLanes];
    store(padded, value);
    for (std::size_t i = 0; i < count; ++i) target[i] = padded[i];
}

/// Lane i is true where i < count.
MOBI_INLINE Ints first_lanes(std::size_t count) {
    constexpr Ints kIndex = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return kIndex < static_cast<std::int32_t>(count);
}

typedef float EightFloats __attribute__((vector_size(32)));
typedef float FourFloats __attribute__((vector_size(16)));

/// Σ or maximum over the lanes, in a fixed order: halves are joined until one lane is left.
template <typename Join>
MOBI_INLINE float join_lanes(Floats value, Join join) {
    const EightFloats eight =
        join(__builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7),
             __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15));
    const FourFloats four = join(__builtin_shufflevector(eight, eight, 0, 1, 2, 3),
                                 __builtin_shufflevector(eight, eight, 4, 5, 6, 7));
    const FourFloats two = join(four, __builtin_shufflevector(four, four, 2, 3, 0, 1));
    const FourFloats one = join(two, __builtin_shufflevector(two, two, 1, 0, 3, 2));
    return one[0];
}

MOBI_INLINE float sum(Floats value) {
    return join_lanes(value, [](auto a, auto b) { return a + b; });
}

MOBI_INLINE float largest(Floats value) {
    return join_lanes(value, [](auto a, auto b) { return a > b ? a : b; });
}

/// Calls `body(column, count)` for whole vectors, then once for what is left of `width`.
template <typename Whole, typename Rest>
MOBI_INLINE void for_columns(std::size_t width, Whole whole, Rest rest) {
    std::size_t c = 0;
    for (; c + kLanes <= width; c += kLanes) whole(c);
    if (c < width) rest(c, width - c);
}

/// e^x for x <= 0, relative error 2e-7; 0 below -87.  Polynomial of the Cephes library (expf).
MOBI_INLINE Floats exp_negative(Floats x) {
    constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
    const Floats clamped = x > -87.0F ? x : splat(-87.0F);
    const Floats n = (clamped * 1.44269504088896341F + kRound) - kRound;
    Floats r = clamped - n * 0.693359375F;
    r = r + n * 2.12194440e-4F;
    Floats p = splat(1.9875691500e-4F);
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    const Floats y = p * (r * r) + r + 1.0F;
    const Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
    const Floats result = y * reinterpret_cast<Floats>(exponent);
    return x > -87.0F ? result : splat(0.0F);
}

/// x (1 + erf(x / sqrt 2)) / 2, error below 3e-7 or a rounding of x.
///
/// erf is the rational approximation of Eigen (generic_fast_erf), with the factors 1/sqrt 2 and 1/2
/// folded into its coefficients; its argument is clamped to +-4, where erf is 1 to 1.5e-8.
MOBI_INLINE Floats gelu(Floats x) {
    constexpr float kClamp = 5.65685425F;  // 4 sqrt 2
    Floats v = x < kClamp ? x : splat(kClamp);
    v = v > -kClamp ? v : splat(-kClamp);
    const Floats t = v * v;
    Floats p = splat(-1.505995060e-12F);
    p = p * t + 3.061199413e-10F;
    p = p * t + -4.642651039e-08F;
    p = p * t + -2.515756171e-06F;
    p = p * t + -6.496460735e-05F;
    p = p * t + -5.223043901e-04F;
    p = p * t + -5.690807158e-03F;
    Floats q = splat(-9.103794904e-07F);
    q = q * t + -2.667175691e-05F;
    q = q * t + -4.207067436e-04F;
    q = q * t + -3.686664584e-03F;
    q = q * t + -1.426473905e-02F;
    // far below zero x would multiply what erf lacks to -1; far above, a rounding of x is no error
    return x > -kClamp ? x * (0.5F + v * p / q) : splat(0.0F);
}

// ---- matrix products on small fp32 blocks -------------------------------------------------------

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
    float* weights;  ///< (8, key_stride)
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

template <typename T>
MOBI_INLINE void read_keys_and_values(const AttentionTask<T>& task,
                                      std::size_t head,
                                      const Head& space) {
    const std::size_t width = task.heads * task.head_dim;
    const std::size_t offset = head * task.head_dim;
    const float* key_bias = task.bias == nullptr ? nullptr : task.bias + width + offset;
    const float* value_bias = task.bias == nullptr ? nullptr : task.bias + 2 * width + offset;
    for (std::size_t j = 0; j < task.tokens; ++j) {
        const T* row = task.qkv + j * task.qkv_stride + offset;
        float* key = space.weights;  // a row that is not needed yet
        read_row(row + width, key_bias, task.head_dim, 1.0F, key);
        for (std::size_t c = 0; c < task.head_dim; ++c)
            space.keys[c * space.key_stride + j] = key[c];
        read_row(row + 2 * width, value_bias, task.head_dim, 1.0F,
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
        const Ints used = first_lanes(count - j < kLanes ? count - j : kLanes);
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
    const std::size_t n = task.tokens;
    const std::size_t offset = head * task.head_dim;
    const std::size_t used = task.queries - first < Rows ? task.queries - first : Rows;
    const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(task.head_dim));
    for (std::size_t i = 0; i < Rows; ++i) {
        const std::size_t query = task.first_query + first + (i < used ? i : used - 1);
        read_row(task.qkv + query * task.qkv_stride + offset,
                 task.bias == nullptr ? nullptr : task.bias + offset, task.head_dim, scale,
                 space.queries + i * space.value_stride);
    }
    Floats block[Rows];
    for (std::size_t j = 0; j < space.key_stride; j += kLanes) {
        block_product<Rows>(space.queries, space.value_stride, space.keys + j, space.key_stride,
                            task.head_dim, block);
        for (std::size_t i = 0; i < used; ++i) {
            if (task.position_bias != nullptr) {
                const auto distance = static_cast<std::ptrdiff_t>(j) -
                                      static_cast<std::ptrdiff_t>(task.first_query + first + i);
                block[i] += load(task.position_bias + head * task.position_stride + distance);
            }
            store(space.weights + i * space.key_stride + j, block[i]);
        }
    }
    float inverse[Rows];
    for (std::size_t i = 0; i < used; ++i)
        inverse[i] = softmax_row(space.weights + i * space.key_stride, space.key_stride, n);
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
    for (std::size_t head = 0; head < task.heads; ++head) {
        read_keys_and_values(task, head, space);
        std::size_t first = 0;
        for (; task.queries - first > 4;
             first += task.queries - first < 8 ? task.queries - first : 8)
            attend<8>(task, head, space, first);
        if (first < task.queries) attend<4>(task, head, space, first);
    }
}

// ---- rows ---------------------------------------------------------------------------------------

template <typename T>
void layer_norm(const NormTask<T>& task) {
    const std::size_t width = task.width;
    const float count = static_cast<float>(width);
    for (std::size_t row = 0; row < task.rows; ++row) {
        const T* a = task.a + row * width;
        const T* b = task.b == nullptr ? nullptr : task.b + row * width;
        T* out = task.out + row * width;
        Floats total{};
        for_columns(
            width,
            [&](std::size_t c) {
                Floats value = load(a + c);
                if (b != nullptr) value += load(b + c);
                if (task.bias != nullptr) value += load(task.bias + c);
                store(task.scratch + c, value);
                total += value;
            },
            [&](std::size_t c, std::size_t left) {
                Floats value = load_some(a + c, left);
                if (b != nullptr) value += load_some(b + c, left);
                if (task.bias != nullptr) value += load_some(task.bias + c, left);
                store_some(task.scratch + c, value, left);
                total += value;
            });
        const float mean = sum(total) / count;
        Floats squares{};
        for_columns(
            width,
            [&](std::size_t c) {
                const Floats centred = load(task.scratch + c) - mean;
                squares += centred * centred;
            },
            [&](std::size_t c, std::size_t left) {
                const Floats centred = load_some(task.scratch + c, left) - mean;
                squares += first_lanes(left) ? centred * centred : Floats{};
            });
        const float inverse = 1.0F / __builtin_sqrtf(sum(squares) / count + task.eps);
        for_columns(
            width,
            [&](std::size_t c) {
                const Floats normal = (load(task.scratch + c) - mean) * inverse;
                store(out + c, normal * load(task.weight + c) + load(task.shift + c));
            },
            [&](std::size_t c, std::size_t left) {
                const Floats normal = (load_some(task.scratch + c, left) - mean) * inverse;
                store_some(
                    out + c,
                    normal * load_some(task.weight + c, left) + load_some(task.shift + c, left),
                    left);
            });
    }
}

template <typename T>
void bias_gelu(T* x, const float* bias, std::size_t rows, std::size_t width) {
    for (std::size_t row = 0; row < rows; ++row, x += width)
        for_columns(
            width, [&](std::size_t c) { store(x + c, gelu(load(x + c) + load(bias + c))); },
            [&](std::size_t c, std::size_t left) {
                store_some(x + c, gelu(load_some(x + c, left) + load_some(bias + c, left)), left);
            });
}

template <typename T>
void sum_rows(const T* x, std::size_t rows, std::size_t width, float* sums) {
    for_columns(
        width,
        [&](std::size_t c) {
            Floats total{};
            for (std::size_t row = 0; row < rows; ++row) total += load(x + row * width + c);
            store(sums + c, total);
        },
        [&](std::size_t c, std::size_t left) {
            Floats total{};
            for (std::size_t row = 0; row < rows; ++row)
                total += load_some(x + row * width + c, left);
            store_some(sums + c, total, left);
        });
}

template <typename T>
void widen(const T* x, std::size_t count, float* y) {
    for_columns(
        count, [&](std::size_t c) { store(y + c, load(x + c)); },
        [&](std::size_t c, std::size_t left) { store_some(y + c, load_some(x + c, left), left); });
}

template <typename T>
constexpr KernelSet<T> kSet{attention<T>, layer_norm<T>, bias_gelu<T>, sum_rows<T>, widen<T>};

}  // namespace

const KernelSet<float>& single_set() {
    return kSet<float>;
}
const KernelSet<Bf16>& half_set() {
    return kSet<Bf16>;
}

}  // namespace mobi::kernels::MOBI_KERNELS_NAMESPACE
