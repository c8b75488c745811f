// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/error.hpp"

namespace mobi {

/// Nothing has been heard of another rank for too long.  Example: its host is cut off.
class SilentRank : public TransportError {
  public:
    explicit SilentRank(const std::string& what) : TransportError(what) {}
};

}  // namespace mobi
