// SPDX-License-Identifier: Apache-2.0
#include "device/battery.hpp"

#include <algorithm>
#include <cmath>

#include "core/virtual_time.hpp"
#include "device/energy_model.hpp"
#include "device/link_model.hpp"

namespace mobi {

Battery::Battery(const DeviceProfile& device, const LinkProfile& link)
    : device_(&device),
      link_(&link),
      left_j_(device.battery_j * device.battery_start),
      on_mains_(device.battery_j <= 0) {}

VirtualClock::duration Battery::rest() const {
    if (on_mains_ || left_j_ >= device_->battery_low * device_->battery_j) return {};
    return virtual_duration(device_->battery_rest_s,
                            {"the rest of device.", device_->name, "battery_rest"});
}

VirtualClock::duration Battery::lasts() const {
    if (on_mains_ || device_->compute_w <= 0) return VirtualClock::duration::max();
    constexpr double kForEver = std::chrono::duration<double>(kLongestRun).count();
    const double seconds = std::min(std::max(0.0, left_j_) / device_->compute_w, kForEver);
    return VirtualClock::duration(static_cast<std::int64_t>(seconds * 1e9));
}

void Battery::drain_computing(VirtualClock::duration time) {
    left_j_ -= compute_energy_j(*device_, time);
}

void Battery::drain_sending(std::int64_t charged_bytes) {
    const auto bytes = static_cast<double>(charged_bytes);
    const double joules = send_energy_j(*link_, bytes, transfer_time(uplink(*link_), bytes));
    if (!std::isnan(joules)) left_j_ -= joules;
}

}  // namespace mobi
