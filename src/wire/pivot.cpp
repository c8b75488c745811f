// SPDX-License-Identifier: Apache-2.0
#include "wire/pivot.hpp"

#include "core/check.hpp"

namespace mobi {

std::int32_t pivot_position(Pivot pivot, std::int32_t tokens) {
    MOBI_CHECK(tokens > 0, "a text of {} tokens has no pivot", tokens);
    MOBI_CHECK(pivot == Pivot::First || pivot == Pivot::Last, "pivot {} is not one position",
               static_cast<int>(pivot));
    return pivot == Pivot::First ? 0 : tokens - 1;
}

}  // namespace mobi
