// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "architecture/transformer_config.hpp"
#include "weights/prepared_weights.hpp"

namespace mobi {

/// Names of the embedding stage's tensors in the prepared file.
namespace prepared {
inline constexpr const char* kWords = "embedding.words";
inline constexpr const char* kPositions = "embedding.positions";
inline constexpr const char* kTypes = "embedding.types";
inline constexpr const char* kNorm = "embedding.norm";
inline constexpr const char* kProjectIn = "embedding.project_in";
inline constexpr const char* kProjectOut = "embedding.project_out";
}  // namespace prepared

/// The name of a block's tensor in the prepared file.
std::string prepared_name(std::int32_t block, std::string_view what);

/// The tensors of the embedding stage: word, position and type table, norm, maps between the
/// embedding's width and the blocks'.  Whatever the model has of them.
PreparationPlan embedding_plan(const TransformerConfig& config);

/// Those of one block.
PreparationPlan block_plan(const TransformerConfig& config, std::int32_t block);

/// What the prepared file holds, in this order: embedding stage, blocks, final norm.
PreparationPlan preparation_plan(const TransformerConfig& config);

}  // namespace mobi
