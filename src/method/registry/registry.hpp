// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "method/device_program.hpp"
#include "method/method.hpp"
#include "method/rounds/round_protocol.hpp"
#include "method/side/settings.hpp"

namespace mobi {

/// What the families' methods are a function of.
struct FamilySettings {
    SideSettings side;
    RoundSettings rounds;
};

/// A method: its server's side, made from settings, and what its devices compute, which needs none
/// because workers read no configuration.
struct MethodEntry {
    std::string_view name;     ///< `method.name`
    std::string_view summary;  ///< for the key's help
    std::unique_ptr<Method> (*method)(const FamilySettings&);
    std::unique_ptr<DeviceProgram> (*program)();
};

/// The table of methods.
std::span<const MethodEntry> methods();

/// \pre  it is in the table.  \throws Bug
const MethodEntry& find_method(std::string_view name);

}  // namespace mobi
