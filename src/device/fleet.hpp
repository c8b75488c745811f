// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "device/availability.hpp"
#include "device/profile.hpp"

namespace mobi {

/// One emulated device.
struct Device {
    std::int32_t id = 0;
    DeviceProfile profile;  ///< of its class, with its own figures
    LinkProfile link;       ///< likewise
    std::string backbone;   ///< name of its `[backbone.<name>]`; empty: by memory, `fleet.fit`
    std::shared_ptr<const AvailabilityProfile> availability;  ///< null: always on
};

/// What a fleet is made of.
struct FleetParts {
    const FleetParameters& fleet;
    const std::map<std::string, DeviceProfile>& profiles;
    const std::map<std::string, LinkProfile>& links;
    const std::map<std::string, AvailabilityProfile>& availability;
    std::uint64_t seed = 1;
};

/// Counts that add up to `devices` and are proportional to those of the mix: each its share rounded
/// down, and one more to those with the largest remainders, of equal ones to the first.  Classes
/// that get none are left out.
std::vector<std::pair<std::string, int>> shares_of(
    const std::vector<std::pair<std::string, int>>& mix, int devices);

/// The devices of `fleet.mix`, class after class in the order written there, ids from 0.  Of
/// several links each device draws one; a class or link with a spread has each device's rates
/// multiplied by a draw of its own; then `fleet.devices_file` sets what it has.  Does not depend on
/// ranks or host.
///
/// \throws DataError    when the file does not have a line for every device, or names a link or
///                      backbone that the fleet does not.
/// \throws Bug          when a class lacks a profile, link or backbone; config's validate() refuses
///                      such a configuration with a better message.
std::vector<Device> make_fleet(const FleetParts& parts);

/// Reads the files that an entry names: a link's ATC profile and traces, whose means become the
/// rates unless those are given to them; a pattern's trace; a device's background load and measured
/// points.
/// \throws DataError    naming file and line.
/// \throws ConfigError  when a device has measured points and a rate of the same precision.
void read_files_of(DeviceProfile& device);
void read_files_of(LinkProfile& link);
void read_files_of(AvailabilityProfile& availability);

}  // namespace mobi
