// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "activation/parameters.hpp"

namespace mobi {

/// The pivot that is used: what the configuration asks for, or, for `auto`, what the backbone's own
/// folder says (METHODS.md 1.2).
///
/// \param asked   `packet.pivot`
/// \param folder  `BackboneInfo::pivot`; First, Last or Mean
/// \return        First, Last or Mean, never Auto.
/// \throws Bug    when `folder` is Auto.
Pivot resolve_pivot(Pivot asked, Pivot folder);

/// The token whose vector is tapped, in a text of `tokens` tokens without padding.
///
/// \param pivot   First or Last; Mean has no single token
/// \param tokens  at least 1
/// \return        position from 0: 0 or `tokens` - 1.
/// \throws Bug    for another pivot, or an empty text.
std::int32_t pivot_position(Pivot pivot, std::int32_t tokens);

}  // namespace mobi
