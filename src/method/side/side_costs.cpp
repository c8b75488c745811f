// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_costs.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"
#include "core/virtual_time.hpp"
#include "method/side/timeline.hpp"
#include "method/side/update_launches.hpp"
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

/// Samples of each backbone in a batch, and sources among them.
class BatchCounts {
  public:
    BatchCounts(const FleetPlan& plan, const SourceMap& sources)
        : plan_(&plan), samples_(plan.backbones.size()) {
        // A plan's devices are far apart in memory.
        for (const DevicePlan& device : plan.devices) {
            backbones_.push_back(device.backbone);
            if (sources.of_backbone(device.backbone).size() > 1) by_device_ = true;
        }
    }

    void take(std::span<const std::int32_t> samples) {
        std::fill(samples_.begin(), samples_.end(), 0);
        devices_.clear();
        if (samples_.size() == 1 && !by_device_) {
            samples_[0] = static_cast<std::int64_t>(samples.size());
            return;
        }
        for (const std::int32_t id : samples) {
            const std::int32_t device = plan_->samples[static_cast<std::size_t>(id)].device;
            ++samples_[static_cast<std::size_t>(backbones_[static_cast<std::size_t>(device)])];
            if (by_device_) devices_.push_back(device);
        }
    }

    std::int64_t samples_of(std::size_t backbone) const { return samples_[backbone]; }

    std::size_t sources() {
        if (!by_device_)
            return samples_.size() -
                   static_cast<std::size_t>(std::count(samples_.begin(), samples_.end(), 0));
        std::sort(devices_.begin(), devices_.end());
        const auto end = std::unique(devices_.begin(), devices_.end());
        return static_cast<std::size_t>(end - devices_.begin());
    }

  private:
    const FleetPlan* plan_;
    std::vector<std::int32_t> backbones_;  // of the devices
    bool by_device_ = false;               // a device is a source
    std::vector<std::int64_t> samples_;    // by backbone
    std::vector<std::int32_t> devices_;    // of the samples, where devices are sources
};

/// Launches of an update by the number of sources in its batch, from 0.
std::vector<std::int64_t> launches_by_sources(const FleetShape& shape,
                                              const SideSettings& settings) {
    std::vector<std::int64_t> launches{0};
    for (std::size_t sources = 1; sources <= shape.side.sources.size(); ++sources)
        launches.push_back(
            update_launches(shape.side, settings, static_cast<std::int64_t>(sources)).total());
    return launches;
}

}  // namespace

FleetShape::FleetShape(const FleetPlan& plan, const SideSettings& settings)
    : sources(plan, settings.align.projection), side(side_shape(plan, sources, settings)) {}

std::function<std::int64_t(std::span<const std::int32_t>)> update_launches_of(
    const FleetPlan& plan, const FleetShape& shape, const SideSettings& settings) {
    return [counts = BatchCounts(plan, shape.sources),
            launches = launches_by_sources(shape, settings)](
               std::span<const std::int32_t> samples) mutable {
        counts.take(samples);
        return launches[counts.sources()];
    };
}

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
    return [counts = BatchCounts(plan, shape.sources), seconds,
            launches = launches_by_sources(shape, settings),
            server = settings.server](std::span<const std::int32_t> samples) mutable {
        counts.take(samples);
        double total = std::isnan(server.step_overhead_s)
                           ? static_cast<double>(launches[counts.sources()]) * server.launch_s
                           : server.step_overhead_s;
        for (std::size_t k = 0; k < seconds.size(); ++k)
            total += static_cast<double>(counts.samples_of(k)) * seconds[k];
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
