// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is done row by row: norm, activation, pooling; part of kernels_body.hpp.

#include <cstddef>

#include "model/kernels.hpp"
#include "model/kernels_vector.hpp"

namespace mobi::kernels::MOBI_KERNELS_NAMESPACE {
namespace {

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

}  // namespace
}  // namespace mobi::kernels::MOBI_KERNELS_NAMESPACE
