// SPDX-License-Identifier: Apache-2.0
#include "method/device_costs.hpp"

#include <algorithm>
#include <utility>

#include "device/availability.hpp"
#include "device/energy_model.hpp"
#include "wire/codec.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;
using Span = std::pair<Time, Time>;

/// What a device did, as spans that do not overlap within a kind.
struct Activity {
    std::vector<const Delivery*> packets;
    std::vector<const LostWork*> lost;
    std::vector<const Download*> fetched;
    std::vector<Span> computing, sending;
};

Duration total(const std::vector<Span>& spans) {
    Duration sum{};
    for (const auto& [start, end] : spans) sum += end - start;
    return sum;
}

/// The time that lies in both; each list sorted.
Duration common(const std::vector<Span>& a, const std::vector<Span>& b) {
    Duration sum{};
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const Time start = std::max(a[i].first, b[j].first);
        const Time end = std::min(a[i].second, b[j].second);
        if (start < end) sum += end - start;
        a[i].second < b[j].second ? ++i : ++j;
    }
    return sum;
}

void add_receiving(const DevicePlan& device,
                   Duration length,
                   std::int64_t bytes,
                   DeviceCosts& costs) {
    costs.receive += length;
    costs.receive_j += receive_energy_j(device.link, static_cast<double>(bytes), length);
}

void add_bytes(const PacketLayout& layout, const Delivery& packet, DeviceCosts& costs) {
    costs.repeated_bytes += packet.repeated_bytes;
    if (packet.content != ContentKind::Taps) {
        costs.update_bytes += packet.charged_bytes - packet.repeated_bytes;
        return;
    }
    const auto samples = static_cast<std::int64_t>(packet.samples.size());
    const auto vectors = samples * layout.taps;
    const std::int64_t taps = vectors * static_cast<std::int64_t>(vector_bytes(
                                            layout.dtype, static_cast<std::size_t>(layout.width)));
    const std::int64_t scales = has_scale(layout.dtype) ? 4 * vectors : 0;
    const std::int64_t residual = 4 * samples * layout.classes;
    const std::int64_t labels = layout.labels ? 4 * samples : 0;
    costs.tap_bytes += taps;
    costs.scale_bytes += scales;
    costs.residual_bytes += residual;
    costs.label_bytes += labels;
    costs.header_bytes +=
        packet.charged_bytes - packet.repeated_bytes - taps - scales - residual - labels;
}

DeviceCosts costs_of(const FleetPlan& plan,
                     const DevicePlan& device,
                     Activity& activity,
                     std::uint64_t seed) {
    DeviceCosts costs;
    costs.device = device.id;
    costs.compute_j = costs.send_j = costs.receive_j = 0;
    Time done{};
    const PacketLayout& layout = plan.backbones[static_cast<std::size_t>(device.backbone)].layout;
    for (const Delivery* const packet : activity.packets) {
        costs.tokens += packet->tokens;
        costs.flop += packet->charged_flop;
        add_bytes(layout, *packet, costs);
        activity.computing.emplace_back(packet->times.compute_start, packet->times.compute_end);
        activity.sending.emplace_back(packet->times.send_start, packet->times.send_end);
        costs.compute_j += packet->compute_energy_j;
        costs.send_j += packet->send_energy_j;
        done = std::max(done, packet->times.arrival);
    }
    for (const Download* const download : activity.fetched) {
        if (download->arrival > done) continue;  // for a part that never arrived
        costs.down_bytes += download->charged_bytes;
        costs.receive += download->receive_end - download->start;
        costs.receive_j += download->energy_j;
    }
    for (const LostWork* const lost : activity.lost) {
        if (lost->end > done) continue;  // of a packet that never arrived
        costs.vain_bytes += lost->charged_bytes;
        if (lost->stage == LostStage::Download) {
            add_receiving(device, lost->end - lost->start, lost->charged_bytes, costs);
            continue;
        }
        const bool upload = lost->stage == LostStage::Upload || lost->stage == LostStage::Late;
        (upload ? activity.sending : activity.computing).emplace_back(lost->start, lost->end);
        if (upload)
            costs.send_j += send_energy_j(device.link, static_cast<double>(lost->charged_bytes),
                                          lost->end - lost->start);
        else
            costs.compute_j += compute_energy_j(device.profile, lost->end - lost->start);
    }
    std::sort(activity.computing.begin(), activity.computing.end());
    std::sort(activity.sending.begin(), activity.sending.end());
    costs.compute = total(activity.computing);
    costs.send = total(activity.sending);
    costs.both = common(activity.computing, activity.sending);
    costs.done = done.time_since_epoch();
    costs.off = presence_of(device.availability.get(), seed, device.id).off_until(done);
    costs.wait = costs.done - (costs.compute + costs.send - costs.both) - costs.off;
    costs.wait_j = idle_energy_j(device.profile, costs.wait);
    return costs;
}

}  // namespace

std::vector<DeviceCosts> device_costs(const FleetPlan& plan,
                                      std::span<const Delivery* const> arrived,
                                      std::span<const LostWork> lost,
                                      std::span<const Download> fetched,
                                      std::uint64_t seed) {
    std::vector<Activity> activities(plan.devices.size());
    for (const Delivery* const delivery : arrived)
        activities[static_cast<std::size_t>(delivery->device)].packets.push_back(delivery);
    for (const LostWork& one : lost)
        activities[static_cast<std::size_t>(one.device)].lost.push_back(&one);
    for (const Download& one : fetched)
        activities[static_cast<std::size_t>(one.device)].fetched.push_back(&one);
    std::vector<DeviceCosts> costs;
    for (const DevicePlan& device : plan.devices) {
        Activity& activity = activities[static_cast<std::size_t>(device.id)];
        if (!activity.packets.empty()) costs.push_back(costs_of(plan, device, activity, seed));
    }
    return costs;
}

}  // namespace mobi
