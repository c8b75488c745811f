// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/id.hpp"
#include "device/availability.hpp"
#include "device/profile.hpp"

namespace mobi {

/// What the fleet's clock knows of one device.  The profiles must outlive the clock.
struct FleetDevice {
    DeviceId id;
    const DeviceProfile* profile = nullptr;
    const LinkProfile* link = nullptr;
    const AvailabilityProfile* availability = nullptr;  ///< null: always on
};

}  // namespace mobi
