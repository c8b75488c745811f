// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// What an encoder's class leaves out of its files.
struct EncoderDefaults {
    std::string family;
    std::int32_t vocabulary;
    double norm_eps;
};

/// What BERT and its kin share: post-norm, gelu, biases everywhere, names, position and type
/// tables.  Positions are numbered as BERT's: from row 0, every token counted.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
TransformerConfig read_encoder(const ConfigFile& config,
                               const EncoderDefaults& defaults,
                               std::int32_t layers);

/// Numbers positions as RoBERTa and MPNet do: from row `padding` + 1, padding not counted.
/// \throws DataError  when the table has no further row.
void count_positions_after_padding(const ConfigFile& config,
                                   std::int32_t padding,
                                   TransformerConfig& encoder);

}  // namespace mobi
