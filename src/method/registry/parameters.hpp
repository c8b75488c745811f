// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mobi {

/// Section `[method]`.
struct MethodParameters {
    std::string name = "fed_mobillm";  ///< of the registry
};

}  // namespace mobi
