// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// OPT (Zhang et al., arXiv 2205.01068): pre-norm as 125M and 1.3B, post-norm with maps around the
/// blocks as 350M.
/// \param layers  keep the first n blocks; 0 = all.
/// \throws DataError  when a value is out of range or something is asked that is not computed.
TransformerConfig read_opt(const ConfigFile& config, std::int32_t layers);

}  // namespace mobi
