// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// BERT (Devlin et al., arXiv 1810.04805).
/// \param layers  keep the first n blocks; 0 = all.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
TransformerConfig read_bert(const ConfigFile& config, std::int32_t layers);

}  // namespace mobi
