// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "architecture/transformer_config.hpp"
#include "device/model_size.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// What a folder's configuration says, after `layers` has cut the upper blocks off.
struct BackboneInfo {
    std::string family;  ///< `model_type`, e.g. `"bert"`
    ModelSize size;      ///< of the kept blocks and the embedding stage; no pooler, no head
    std::int32_t vocabulary = 0;
    std::int32_t max_tokens = 0;  ///< the longest sequence, special tokens included
    Pivot pivot = Pivot::First;   ///< the folder's own, as trained_pivot() says; never Auto
    std::string other_pooling;    ///< what the folder's pooling is when it is none of ours
    bool causal = false;          ///< a decoder: a token sees only those before it
    bool uses_type_ids = false;

    /// What `packet.pivot = auto` means for this folder.
    /// \throws DataError  when its pooling is none of ours; the message says which it is.
    Pivot trained_pivot() const;
};

BackboneInfo describe(const TransformerConfig& config);

}  // namespace mobi
