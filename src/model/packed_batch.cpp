// SPDX-License-Identifier: Apache-2.0
#include "model/packed_batch.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "kernels/kernels.hpp"

namespace mobi {
namespace {

template <typename T>
void pool_rows(const T* states,
               std::size_t width,
               std::span<const std::int32_t> offsets,
               Pivot pivot,
               float* out) {
    const auto& kernel = kernels::best<T>();
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i, out += width) {
        const auto first = static_cast<std::size_t>(offsets[i]);
        const auto rows = static_cast<std::size_t>(offsets[i + 1]) - first;
        if (pivot == Pivot::Mean) {
            kernel.sum_rows(states + first * width, rows, width, out);
            const float share = 1.0F / static_cast<float>(rows);
            for (std::size_t c = 0; c < width; ++c) out[c] *= share;
        } else {
            const std::size_t row = pivot == Pivot::First ? first : first + rows - 1;
            kernel.widen(states + row * width, width, out);
        }
    }
}

}  // namespace

void check_batch(const PackedBatch& batch, const BackboneInfo& info) {
    const auto tokens = static_cast<std::int64_t>(batch.tokens());
    MOBI_CHECK(batch.offsets.empty() ? tokens == 0
                                     : batch.offsets.front() == 0 && batch.offsets.back() == tokens,
               "offsets must run from 0 to {}", tokens);
    MOBI_CHECK(batch.type_ids.empty() || batch.type_ids.size() == batch.ids.size(),
               "{} type ids for {} ids", batch.type_ids.size(), batch.ids.size());
    for (std::size_t i = 0; i + 1 < batch.offsets.size(); ++i) {
        const std::int32_t length = batch.offsets[i + 1] - batch.offsets[i];
        MOBI_CHECK(length > 0, "sequence {} has {} tokens", i, length);
        if (length > info.max_tokens)
            throw DataError(
                fmt::format("a sequence of {} tokens is longer than the {} that {} can "
                            "take: lower data.max_tokens",
                            length, info.max_tokens, info.family));
    }
    for (const std::int32_t id : batch.ids)
        if (id < 0 || id >= info.vocabulary)
            throw DataError(
                fmt::format("token id {} is outside the vocabulary of {} of this {}: the "
                            "tokenizer belongs to another model",
                            id, info.vocabulary, info.family));
}

std::size_t longest_sequence(const PackedBatch& batch) {
    std::int32_t longest = 0;
    for (std::size_t i = 0; i + 1 < batch.offsets.size(); ++i)
        longest = std::max(longest, batch.offsets[i + 1] - batch.offsets[i]);
    return static_cast<std::size_t>(longest);
}

void pool(const at::Tensor& states,
          std::span<const std::int32_t> offsets,
          Pivot pivot,
          at::Tensor& out) {
    MOBI_CHECK(pivot != Pivot::Auto, "the pivot must be resolved first");
    MOBI_CHECK(states.is_contiguous() && out.is_contiguous() && out.scalar_type() == at::kFloat,
               "pooling reads and writes contiguous rows");
    const auto width = static_cast<std::size_t>(states.size(1));
    auto* target = out.data_ptr<float>();
    if (states.scalar_type() == at::kBFloat16)
        pool_rows(static_cast<const kernels::Bf16*>(states.data_ptr()), width, offsets, pivot,
                  target);
    else
        pool_rows(states.data_ptr<float>(), width, offsets, pivot, target);
}

}  // namespace mobi
