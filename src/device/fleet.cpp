// SPDX-License-Identifier: Apache-2.0
#include "device/fleet.hpp"

#include "core/check.hpp"

namespace mobi {
namespace {

template <typename Value>
const Value& entry(const std::map<std::string, Value>& entries,
                   const std::string& name,
                   const char* what) {
    const auto found = entries.find(name);
    MOBI_CHECK(found != entries.end(), "no {} for '{}'", what, name);
    return found->second;
}

}  // namespace

std::vector<Device> make_fleet(const FleetParameters& fleet,
                               const std::map<std::string, DeviceProfile>& profiles,
                               const std::map<std::string, LinkProfile>& links) {
    std::vector<Device> devices;
    for (const auto& [name, count] : fleet.mix) {
        const Device prototype{0, &entry(profiles, name, "profile"),
                               &entry(links, entry(fleet.links, name, "fleet.links"), "link"),
                               entry(fleet.backbones, name, "fleet.backbones")};
        for (int i = 0; i < count; ++i) {
            devices.push_back(prototype);
            devices.back().id = static_cast<std::int32_t>(devices.size() - 1);
        }
    }
    return devices;
}

}  // namespace mobi
