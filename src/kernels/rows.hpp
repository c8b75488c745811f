// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is done row by row: norm, activation, pooling; part of body.hpp.

#include <cstddef>

#include "kernels/kernels.hpp"
#include "kernels/vector.hpp"

namespace mobi::kernels::MOBI_KERNELS_NAMESPACE {
namespace {

/// s = a + b + bias of one row, into `target`; calls `seen(s)` for each vector, unused lanes zero.
template <typename T, typename Seen>
MOBI_INLINE void add_row(const NormTask<T>& task, std::size_t row, float* target, Seen seen) {
    const T* a = task.a + row * task.width;
    const T* b = task.b == nullptr ? nullptr : task.b + row * task.width;
    T* sum = task.sum == nullptr ? nullptr : task.sum + row * task.width;
    for_columns(
        task.width,
        [&](std::size_t c) {
            Floats value = load(a + c);
            if (b != nullptr) value += load(b + c);
            if (task.bias != nullptr) value += load(task.bias + c);
            store(target + c, value);
            if (sum != nullptr) store(sum + c, value);
            seen(value);
        },
        [&](std::size_t c, std::size_t left) {
            Floats value = load_some(a + c, left);
            if (b != nullptr) value += load_some(b + c, left);
            if (task.bias != nullptr) value += load_some(task.bias + c, left);
            store_some(target + c, value, left);
            if (sum != nullptr) store_some(sum + c, value, left);
            seen(value);
        });
}

template <typename T>
MOBI_INLINE void layer_norm_row(const NormTask<T>& task, std::size_t row) {
    const float count = static_cast<float>(task.width);
    T* out = task.out + row * task.width;
    Floats total{};
    add_row(task, row, task.scratch, [&](Floats value) { total += value; });
    const float mean = sum(total) / count;
    Floats squares{};
    for_columns(
        task.width,
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
        task.width,
        [&](std::size_t c) {
            const Floats normal = (load(task.scratch + c) - mean) * inverse;
            store(out + c, normal * load(task.weight + c) + load(task.shift + c));
        },
        [&](std::size_t c, std::size_t left) {
            const Floats normal = (load_some(task.scratch + c, left) - mean) * inverse;
            store_some(out + c,
                       normal * load_some(task.weight + c, left) + load_some(task.shift + c, left),
                       left);
        });
}

template <typename T>
MOBI_INLINE void rms_norm_row(const NormTask<T>& task, std::size_t row) {
    T* out = task.out + row * task.width;
    Floats squares{};
    add_row(task, row, task.scratch, [&](Floats value) { squares += value * value; });
    const float mean = sum(squares) / static_cast<float>(task.width);
    const float inverse = 1.0F / __builtin_sqrtf(mean + task.eps);
    for_columns(
        task.width,
        [&](std::size_t c) {
            store(out + c, load(task.scratch + c) * inverse * load(task.weight + c));
        },
        [&](std::size_t c, std::size_t left) {
            store_some(
                out + c,
                load_some(task.scratch + c, left) * inverse * load_some(task.weight + c, left),
                left);
        });
}

template <typename T>
void norm(const NormTask<T>& task) {
    for (std::size_t row = 0; row < task.rows; ++row) {
        if (task.out == nullptr)
            add_row(task, row, task.scratch, [](Floats) {});
        else if (task.rms)
            rms_norm_row(task, row);
        else
            layer_norm_row(task, row);
    }
}

template <Activation kKind>
MOBI_INLINE Floats activated(Floats x) {
    if constexpr (kKind == Activation::Gelu) return gelu(x);
    if constexpr (kKind == Activation::GeluTanh) return gelu_tanh(x);
    if constexpr (kKind == Activation::Relu) return x > 0.0F ? x : Floats{};
    if constexpr (kKind == Activation::Silu) return x * sigmoid(x);
}

template <Activation kKind, typename T>
MOBI_INLINE void activate_rows(const ActivationTask<T>& task) {
    const std::size_t width = task.width;
    const std::size_t stride = task.gated ? 2 * width : width;
    const float* up_bias = task.bias == nullptr ? nullptr : task.bias + width;
    for (std::size_t row = 0; row < task.rows; ++row) {
        const T* x = task.x + row * stride;
        T* y = task.y + row * width;
        for_columns(
            width,
            [&](std::size_t c) {
                Floats value = load(x + c);
                if (task.bias != nullptr) value += load(task.bias + c);
                value = activated<kKind>(value);
                if (task.gated) {
                    Floats up = load(x + width + c);
                    if (up_bias != nullptr) up += load(up_bias + c);
                    value *= up;
                }
                store(y + c, value);
            },
            [&](std::size_t c, std::size_t left) {
                Floats value = load_some(x + c, left);
                if (task.bias != nullptr) value += load_some(task.bias + c, left);
                value = activated<kKind>(value);
                if (task.gated) {
                    Floats up = load_some(x + width + c, left);
                    if (up_bias != nullptr) up += load_some(up_bias + c, left);
                    value *= up;
                }
                store_some(y + c, value, left);
            });
    }
}

template <typename T>
void activate(const ActivationTask<T>& task) {
    switch (task.kind) {
        case Activation::Gelu:
            return activate_rows<Activation::Gelu>(task);
        case Activation::GeluTanh:
            return activate_rows<Activation::GeluTanh>(task);
        case Activation::Relu:
            return activate_rows<Activation::Relu>(task);
        case Activation::Silu:
            return activate_rows<Activation::Silu>(task);
    }
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

}  // namespace
}  // namespace mobi::kernels::MOBI_KERNELS_NAMESPACE
