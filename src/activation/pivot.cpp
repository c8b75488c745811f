// SPDX-License-Identifier: Apache-2.0
#include "activation/pivot.hpp"

#include "core/check.hpp"

namespace mobi {

Pivot resolve_pivot(Pivot asked, Pivot folder) {
    MOBI_CHECK(folder != Pivot::Auto, "a backbone must say what `auto` means for it");
    return asked == Pivot::Auto ? folder : asked;
}

std::int32_t pivot_position(Pivot pivot, std::int32_t tokens) {
    MOBI_CHECK(tokens > 0, "a text of {} tokens has no pivot", tokens);
    MOBI_CHECK(pivot == Pivot::First || pivot == Pivot::Last, "pivot {} is not one position",
               static_cast<int>(pivot));
    return pivot == Pivot::First ? 0 : tokens - 1;
}

}  // namespace mobi
