// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "device/profile.hpp"

namespace mobi {

/// How long work takes on a device that throttles when it gets hot, in seconds.
///
/// The full rate lasts for `thermal_budget` of work; then the rate falls exponentially, with
/// `thermal_decay`, to `thermal_floor` of it.  Heat is counted in seconds of work; a second of rest
/// takes one away.  A model that fits what is known of phones (docs/devices.md 3).
///
/// \param work_s  at the full rate.
/// \param heat_s  before the work.
double throttled_time_s(const DeviceProfile& device, double work_s, double heat_s);

}  // namespace mobi
