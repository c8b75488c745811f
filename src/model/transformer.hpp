// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "architecture/transformer_config.hpp"
#include "model/backbone.hpp"
#include "weights/prepared_weights.hpp"

namespace mobi {

/// The forward pass of every family.
///
/// \param weights  prepared by preparation_plan(config).
/// \param info     describe(config), with what the folder says beside `config.json`.
std::unique_ptr<Backbone> make_transformer(TransformerConfig config,
                                           BackboneInfo info,
                                           PreparedWeights weights);

}  // namespace mobi
