// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

#include "model/backbone.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// Throws DataError for what a wrong tokenizer or a too long text causes, Bug for offsets that are
/// not increasing from 0 to T.
void check_batch(const PackedBatch& batch, const BackboneInfo& info);

/// The longest sequence, in tokens; 0 for an empty batch.
std::size_t longest_sequence(const PackedBatch& batch);

/// One vector a sequence: its first or last row, or the mean of its rows.
/// \param states  float32 or bfloat16 (T, d), contiguous.
/// \param pivot   First, Last or Mean.
/// \param out     float32 (b, d), contiguous; written.
void pool(const at::Tensor& states,
          std::span<const std::int32_t> offsets,
          Pivot pivot,
          at::Tensor& out);

}  // namespace mobi
