// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_costs.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/virtual_time.hpp"
#include "method/side/timeline.hpp"
#include "wire/packet.hpp"

namespace mobi {
namespace {

SideShape side_shape(const FleetPlan& plan,
                     const SourceMap& sources,
                     const SideSettings& settings) {
    SideShape shape;
    shape.sources = sources.sources();
    std::vector<std::int32_t> widths;
    for (const BackbonePlan& backbone : plan.backbones)
        if (backbone.devices > 0) widths.push_back(backbone.layout.width);
    MOBI_CHECK(!widths.empty(), "a fleet without an admitted device");
    shape.width = settings.side.width > 0 ? settings.side.width : auto_side_width(widths);
    const std::vector<std::int32_t>& taps = plan.backbones.front().tap_layers;
    shape.embedding = !taps.empty() && taps.front() == 0;
    shape.blocks = static_cast<std::int32_t>(taps.size()) - (shape.embedding ? 1 : 0);
    shape.classes = plan.backbones.front().layout.classes;
    shape.projected = !(settings.align.identity && widths.size() == 1 && widths[0] == shape.width &&
                        settings.align.projection != ProjectionScope::DeviceLayer);
    return shape;
}

}  // namespace

FleetShape::FleetShape(const FleetPlan& plan, const SideSettings& settings)
    : sources(plan, settings.align.projection), side(side_shape(plan, sources, settings)) {}

std::function<VirtualClock::duration(std::span<const std::int32_t>)> update_time_of(
    const FleetPlan& plan, const FleetShape& shape, const SideSettings& settings) {
    // One sample's time depends on its backbone alone; sums go over backbones in their order.
    std::vector<double> seconds;
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        const std::vector<std::int32_t>& own =
            shape.sources.of_backbone(static_cast<std::int32_t>(k));
        const double flop =
            own.empty() ? 0 : side_update_flop(shape.side, settings.side, own.front());
        const auto bytes = static_cast<double>(packet_bytes(plan.backbones[k].layout, 1, false));
        seconds.push_back(flop / settings.server.rate_flop_per_s +
                          bytes / settings.server.io_rate_bytes_per_s);
    }
    std::vector<std::int32_t> backbones;  // of the devices: a plan's are far apart in memory
    for (const DevicePlan& device : plan.devices) backbones.push_back(device.backbone);
    return [&plan, seconds, backbones, counts = std::vector<std::int64_t>(seconds.size()),
            overhead =
                settings.server.step_overhead_s](std::span<const std::int32_t> samples) mutable {
        std::fill(counts.begin(), counts.end(), 0);
        if (counts.size() == 1)
            counts[0] = static_cast<std::int64_t>(samples.size());
        else
            for (const std::int32_t id : samples)
                ++counts[static_cast<std::size_t>(backbones[static_cast<std::size_t>(
                    plan.samples[static_cast<std::size_t>(id)].device)])];
        double total = overhead;
        for (std::size_t k = 0; k < seconds.size(); ++k)
            total += static_cast<double>(counts[k]) * seconds[k];
        return virtual_duration(total, kServerWork);
    };
}

std::vector<std::int64_t> download_bytes(const FleetPlan& plan,
                                         const FleetShape& shape,
                                         const SideSettings& settings) {
    std::vector<std::int64_t> bytes;
    for (const DevicePlan& device : plan.devices)
        bytes.push_back(device.admitted ? 4 * (shared_parameters(shape.side, settings.side) +
                                               projection_parameters(
                                                   shape.side, shape.sources.of_device(device.id),
                                                   settings.align))
                                        : 0);
    return bytes;
}

}  // namespace mobi
