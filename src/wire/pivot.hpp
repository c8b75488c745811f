// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "wire/parameters.hpp"

namespace mobi {

/// The token whose vector is tapped, in a text of `tokens` tokens without padding.
///
/// \param pivot   First or Last; Mean has no single token
/// \param tokens  at least 1
/// \return        position from 0: 0 or `tokens` - 1.
/// \throws Bug    for another pivot, or an empty text.
std::int32_t pivot_position(Pivot pivot, std::int32_t tokens);

}  // namespace mobi
