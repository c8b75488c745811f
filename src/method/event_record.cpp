// SPDX-License-Identifier: Apache-2.0
#include "method/event_record.hpp"

#include "device/energy_model.hpp"

namespace mobi {
namespace {

LostStage stage_of(Leg leg) {
    switch (leg) {
        case Leg::Download:
            return LostStage::Download;
        case Leg::Compute:
            return LostStage::Compute;
        case Leg::Upload:
            break;
    }
    return LostStage::Upload;
}

}  // namespace

void set_arrival(const DevicePlan& device,
                 const FleetEvent& event,
                 std::int64_t sent_bytes,
                 Delivery& delivery) {
    const PartTimes& times = event.times;
    delivery.times = {times.compute_start, times.compute_end, times.send_start, times.send_end,
                      event.at};
    delivery.charged_bytes = event.charges.up_bytes;
    delivery.repeated_bytes = event.charges.up_bytes - sent_bytes;
    delivery.compute_energy_j =
        compute_energy_j(device.profile, times.compute_end - times.compute_start);
    delivery.send_energy_j = send_energy_j(device.link, static_cast<double>(delivery.charged_bytes),
                                           times.send_end - times.send_start);
}

LostWork lost_by(const FleetEvent& event) {
    return {event.device.value(),
            event.part,
            stage_of(event.leg),
            event.start,
            event.at,
            event.charges.up_bytes + event.charges.down_bytes,
            event.outcome == Outcome::Recalled};
}

std::vector<std::pair<std::int32_t, VirtualClock::time_point>> emptied_devices(
    const VirtualFleet& fleet, const FleetPlan& plan) {
    std::vector<std::pair<std::int32_t, VirtualClock::time_point>> emptied;
    for (const DevicePlan& device : plan.devices)
        if (device.admitted)
            if (const auto time = fleet.emptied(DeviceId(device.id)))
                emptied.emplace_back(device.id, *time);
    return emptied;
}

}  // namespace mobi
