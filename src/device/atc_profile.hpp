// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "device/profile.hpp"

namespace mobi {

/// Sets a link's figures from a profile of Augmented Traffic Control, a JSON file with `content.up`
/// and `content.down`: `rate` in kbit/s, `delay.delay` in ms (of a direction: the upload's becomes
/// the latency), `delay.jitter` in ms, `loss.percentage`.  Numbers may be spelled as texts.
/// https://github.com/facebookarchive/augmented-traffic-control
///
/// \param name  of the text, begins every error.
/// \throws DataError  naming the key, and what is accepted.
void apply_atc_profile(std::string_view text, const std::string& name, LinkProfile& link);

}  // namespace mobi
