// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "method/method.hpp"
#include "method/parameters.hpp"

namespace mobi {

/// Makes the method that `method.name` asks for.
std::unique_ptr<Method> make_method(const MethodParameters& parameters);

}  // namespace mobi
