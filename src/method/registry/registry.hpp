// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "method/method.hpp"
#include "method/registry/parameters.hpp"
#include "method/side/settings.hpp"

namespace mobi {

/// What the families' methods are a function of.
struct FamilySettings {
    SideSettings side;
};

/// Makes the method that `method.name` asks for.
std::unique_ptr<Method> make_method(const MethodParameters& parameters,
                                    const FamilySettings& settings);

}  // namespace mobi
