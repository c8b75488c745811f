// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/error.hpp"

namespace mobi {

/// Training came to a number that is not finite.
class NumericError : public Error {
  public:
    explicit NumericError(const std::string& what) : Error(what, 6) {}
};

}  // namespace mobi
