// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// What a class of the Llama kind leaves out of its files.
struct RotaryDecoderDefaults {
    std::string family;
    SizeDefaults sizes;
    std::int32_t kv_heads;  ///< 0: as many as heads
};

/// What Llama and its kin share: pre-norm, RMSNorm, rotated and grouped heads, gated MLP, names. No
/// biases.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
TransformerConfig read_rotary_decoder(const ConfigFile& config,
                                      const RotaryDecoderDefaults& defaults,
                                      std::int32_t layers);

}  // namespace mobi
