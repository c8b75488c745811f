// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// MPNet (Song et al., arXiv 2004.09297).
/// \param layers  keep the first n blocks; 0 = all.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
TransformerConfig read_mpnet(const ConfigFile& config, std::int32_t layers);

}  // namespace mobi
