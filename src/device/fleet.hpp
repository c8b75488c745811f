// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "device/availability.hpp"
#include "device/profile.hpp"

namespace mobi {

/// One emulated device.
struct Device {
    std::int32_t id = 0;
    const DeviceProfile* profile = nullptr;  ///< lives in the map given to make_fleet()
    const LinkProfile* link = nullptr;       ///< likewise
    std::string backbone;                    ///< name of its `[backbone.<name>]`
    std::shared_ptr<const AvailabilityProfile> availability;  ///< null: always on
};

/// The devices of `fleet.mix`, class after class in the order written there, ids from 0.
/// Does not depend on ranks, seed or host.
///
/// \param profiles, links  must outlive the result, unmoved.
/// \throws Bug  when a class lacks a profile, link or backbone; config's validate() refuses such a
///              configuration with a better message.
std::vector<Device> make_fleet(const FleetParameters& fleet,
                               const std::map<std::string, DeviceProfile>& profiles,
                               const std::map<std::string, LinkProfile>& links,
                               const std::map<std::string, AvailabilityProfile>& availability = {});

/// Reads `trace_file` where there is one; its mean becomes the `uplink` unless that is given to it.
/// \throws DataError  naming file and line.
void read_trace_of(LinkProfile& link);
void read_trace_of(AvailabilityProfile& availability);

}  // namespace mobi
