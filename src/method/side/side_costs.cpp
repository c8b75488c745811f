// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_costs.hpp"

#include "core/virtual_time.hpp"
#include "method/side/timeline.hpp"
#include "wire/packet.hpp"

namespace mobi {

std::function<VirtualClock::duration(std::span<const std::int32_t>)> update_time_of(
    const FleetPlan& plan,
    const SideShape& shape,
    const SourceMap& sources,
    const SideParameters& side,
    const ServerParameters& server) {
    // One sample's time depends on its backbone alone; sums go over backbones in their order.
    std::vector<double> seconds;
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        const std::vector<std::int32_t>& own = sources.of_backbone(static_cast<std::int32_t>(k));
        const double flop = own.empty() ? 0 : side_update_flop(shape, side, own.front());
        const auto bytes = static_cast<double>(packet_bytes(plan.backbones[k].layout, 1, false));
        seconds.push_back(flop / server.rate_flop_per_s + bytes / server.io_rate_bytes_per_s);
    }
    return
        [&plan, seconds, overhead = server.step_overhead_s](std::span<const std::int32_t> samples) {
            std::vector<std::int64_t> counts(seconds.size(), 0);
            for (const std::int32_t id : samples) {
                const std::int32_t device = plan.samples[static_cast<std::size_t>(id)].device;
                ++counts[static_cast<std::size_t>(
                    plan.devices[static_cast<std::size_t>(device)].backbone)];
            }
            double total = overhead;
            for (std::size_t k = 0; k < seconds.size(); ++k)
                total += static_cast<double>(counts[k]) * seconds[k];
            return virtual_duration(total, kServerWork);
        };
}

std::vector<std::int64_t> download_bytes(const FleetPlan& plan,
                                         const SideShape& shape,
                                         const SourceMap& sources,
                                         const SideParameters& side,
                                         const AlignParameters& align) {
    std::vector<std::int64_t> bytes;
    for (const DevicePlan& device : plan.devices)
        bytes.push_back(device.admitted ? 4 * (shared_parameters(shape, side) +
                                               projection_parameters(
                                                   shape, sources.of_device(device.id), align))
                                        : 0);
    return bytes;
}

}  // namespace mobi
