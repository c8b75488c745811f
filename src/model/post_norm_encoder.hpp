// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/family.hpp"

namespace mobi {

/// Names of a block's tensors after `encoder.layer.<i>.`, where families differ.  The rest
/// (`intermediate.dense`, `output.dense`, `output.LayerNorm`) is common to all.
struct EncoderBlockNames {
    std::string query, key, value, attention_out, attention_norm;
};

/// A post-norm encoder: y = LN(x + out(attn x)), x' = LN(y + down gelu(up y)), with an embedding
/// stage LN(word[id] + position[r] + type[t]).  What BERT and its kin have in common.
struct PostNormEncoderConfig {
    std::string family;
    std::int32_t layers = 0;
    std::int32_t width = 0;
    std::int32_t heads = 0;
    std::int32_t ffn = 0;
    std::int32_t vocabulary = 0;
    std::int32_t positions = 0;         ///< rows of the position table
    std::int32_t first_position = 0;    ///< row of a sequence's first token
    std::int32_t pad_id = 0;            ///< with first_position > 0 its tokens are not counted
    std::int32_t token_types = 0;       ///< rows of the type table; 0 = no such table
    std::int32_t relative_buckets = 0;  ///< of the attention bias by distance; 0 = no bias
    double norm_eps = 0;
    EncoderBlockNames names;
};

/// A family's defaults for keys that its files may leave out.
struct PostNormDefaults {
    std::string family;
    std::int32_t vocabulary;
    std::int32_t pad_id;
    double norm_eps;
};

/// Reads the keys that all these families share.
/// \param layers  keep the first n blocks; 0 = all.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
PostNormEncoderConfig read_post_norm_encoder(const ConfigFile& config,
                                             const PostNormDefaults& defaults,
                                             std::int32_t layers);

std::unique_ptr<Architecture> make_post_norm_architecture(PostNormEncoderConfig config);

}  // namespace mobi
