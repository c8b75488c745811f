// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// Llama (Touvron et al., arXiv 2302.13971; grouped heads and scaled rotation as Llama 3).
/// \param layers  keep the first n blocks; 0 = all.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
TransformerConfig read_llama(const ConfigFile& config, std::int32_t layers);

}  // namespace mobi
