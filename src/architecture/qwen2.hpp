// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// Qwen2 (arXiv 2407.10671): Llama with biases on queries, keys and values.
/// \param layers  keep the first n blocks; 0 = all.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
TransformerConfig read_qwen2(const ConfigFile& config, std::int32_t layers);

}  // namespace mobi
