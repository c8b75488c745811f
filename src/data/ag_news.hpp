// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace mobi {

/// A text of the AG corpus without the leftovers of the HTML it was cut from.
///
/// Character references are decoded once, also those whose `&` became a blank (`isn #39;t` is
/// `isn't`, ` quot;` is `"`): decimal numbers (128 to 159 mean Windows-1252, as in browsers) and
/// lt, gt, amp, quot, apos, nbsp.  A backslash, which stands for a line break in the corpus,
/// becomes a blank.  Tags that appear by decoding (`<b>`) stay.
std::string decode_ag_news(std::string_view text);

}  // namespace mobi
