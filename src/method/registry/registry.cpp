// SPDX-License-Identifier: Apache-2.0
#include "method/registry/registry.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "method/side/central_side.hpp"
#include "method/side/fed_mobillm.hpp"
#include "method/side/taps_program.hpp"

namespace mobi {
namespace {

template <typename SideMethod>
std::unique_ptr<Method> side(const FamilySettings& settings) {
    return std::make_unique<SideMethod>(settings.side);
}

template <typename Program>
std::unique_ptr<DeviceProgram> devices() {
    return std::make_unique<Program>();
}

const MethodEntry kMethods[] = {
    {"fed_mobillm", "server-assisted side-tuning", side<FedMobillm>, devices<TapsProgram>},
    {"central_side", "the same side network trained on the union of the data", side<CentralSide>,
     devices<TapsProgram>},
};

}  // namespace

std::span<const MethodEntry> methods() {
    return kMethods;
}

const MethodEntry& find_method(std::string_view name) {
    const auto* const found =
        std::find_if(std::begin(kMethods), std::end(kMethods),
                     [&](const MethodEntry& entry) { return entry.name == name; });
    MOBI_CHECK(found != std::end(kMethods), "'{}' is no method of the registry", name);
    return *found;
}

}  // namespace mobi
