// SPDX-License-Identifier: Apache-2.0
#include "device/energy_model.hpp"

#include <chrono>

namespace mobi {
namespace {

double seconds(VirtualClock::duration virtual_time) {
    return std::chrono::duration<double>(virtual_time).count();
}

}  // namespace

double compute_energy_j(const DeviceProfile& device, VirtualClock::duration virtual_time) {
    return device.compute_w * seconds(virtual_time);
}

double idle_energy_j(const DeviceProfile& device, VirtualClock::duration virtual_time) {
    return device.idle_w * seconds(virtual_time);
}

double send_energy_j(const LinkProfile& link,
                     double charged_bytes,
                     VirtualClock::duration virtual_time) {
    return link.up_base_w * seconds(virtual_time) + charged_bytes * link.up_j_per_byte;
}

double receive_energy_j(const LinkProfile& link,
                        double charged_bytes,
                        VirtualClock::duration virtual_time) {
    return link.down_base_w * seconds(virtual_time) + charged_bytes * link.down_j_per_byte;
}

}  // namespace mobi
