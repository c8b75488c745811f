// SPDX-License-Identifier: Apache-2.0
#include "method/fleet_plan.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "device/memory_model.hpp"

namespace mobi {
namespace {

constexpr double kActivationBytes = 2;  // phones run 16-bit activations

std::string nobody_fits(const FleetPlan& plan) {
    std::map<std::string, std::pair<double, double>> by_class;
    for (const DevicePlan& device : plan.devices)
        by_class[fmt::format("{} with {}", device.profile.name,
                             plan.backbones[static_cast<std::size_t>(device.backbone)].name)] = {
            device.memory_need_bytes, device.profile.memory_bytes};
    std::string text = "fleet: no device is admitted, none has the memory for its backbone:";
    for (const auto& [name, need] : by_class)
        text += fmt::format(" {} needs {}, has {};", name, human(need.first, "B"),
                            human(need.second, "B"));
    return text + " choose a smaller backbone (fleet.backbones) or more memory (device.*.memory)";
}

}  // namespace

FleetDevice fleet_device(const DevicePlan& device) {
    return {DeviceId(device.id), &device.profile, &device.link, device.availability.get()};
}

std::vector<FleetDevice> admitted_fleet(const FleetPlan& plan) {
    std::vector<FleetDevice> devices;
    for (const DevicePlan& device : plan.devices)
        if (device.admitted) devices.push_back(fleet_device(device));
    return devices;
}

std::int64_t FleetPlan::packets_of(const DevicePlan& device) const {
    const auto shard = static_cast<std::int64_t>(device.samples.size());
    return device_epochs * ((shard + packet_samples - 1) / packet_samples);
}

std::int64_t FleetPlan::packets_planned() const {
    std::int64_t packets = 0;
    for (const DevicePlan& device : devices)
        if (device.admitted) packets += packets_of(device);
    return packets;
}

std::int64_t FleetPlan::admitted_samples() const {
    std::int64_t count = 0;
    for (const DevicePlan& device : devices)
        if (device.admitted) count += static_cast<std::int64_t>(device.samples.size());
    return count;
}

std::int32_t FleetPlan::admitted_devices() const {
    return static_cast<std::int32_t>(
        std::count_if(devices.begin(), devices.end(), [](const auto& d) { return d.admitted; }));
}

std::int32_t charged_length(const FleetPlan& plan,
                            std::span<const std::int32_t> samples,
                            const CostParameters& cost,
                            std::int32_t max_tokens) {
    if (cost.padding == Padding::Max) return max_tokens;
    std::int32_t longest = 0;
    for (const std::int32_t id : samples)
        longest = std::max(longest, plan.samples[static_cast<std::size_t>(id)].tokens);
    return longest;
}

std::int32_t largest_that_fits(const FleetPlan& plan,
                               std::span<const std::int32_t> candidates,
                               const DeviceProfile& device,
                               std::int32_t max_tokens) {
    MOBI_CHECK(!candidates.empty(), "no backbone to choose from");
    const auto parameters = [&](std::int32_t index) {
        return plan.backbones[static_cast<std::size_t>(index)].size.parameters;
    };
    std::int32_t smallest = candidates.front();
    std::int32_t best = -1;
    for (const std::int32_t index : candidates) {
        const BackbonePlan& backbone = plan.backbones[static_cast<std::size_t>(index)];
        if (parameters(index) < parameters(smallest)) smallest = index;
        const double need = inference_memory_bytes(backbone.size, backbone.weight_dtype,
                                                   backbone.resident_embedding, plan.packet_samples,
                                                   max_tokens, kActivationBytes);
        if (need <= device.memory_bytes && (best < 0 || parameters(index) > parameters(best)))
            best = index;
    }
    return best < 0 ? smallest : best;
}

void admit(FleetPlan& plan, const CostParameters& cost, std::int32_t max_tokens) {
    for (BackbonePlan& backbone : plan.backbones) backbone.devices = 0;
    for (DevicePlan& device : plan.devices) {
        BackbonePlan& backbone = plan.backbones[static_cast<std::size_t>(device.backbone)];
        const auto batch = std::min<std::size_t>(static_cast<std::size_t>(plan.packet_samples),
                                                 device.samples.size());
        device.memory_need_bytes = inference_memory_bytes(
            backbone.size, backbone.weight_dtype, backbone.resident_embedding,
            static_cast<int>(batch), charged_length(plan, device.samples, cost, max_tokens),
            kActivationBytes);
        device.admitted = device.memory_need_bytes <= device.profile.memory_bytes;
        if (device.admitted) ++backbone.devices;
        for (std::size_t i = 0; i < device.samples.size(); ++i) {
            SamplePlan& sample = plan.samples[static_cast<std::size_t>(device.samples[i])];
            sample.device = device.id;
            sample.packet = static_cast<std::int32_t>(i) / plan.packet_samples;
        }
    }
    if (plan.admitted_devices() == 0) throw ConfigError(nobody_fits(plan));
    if (plan.admitted_samples() == 0)
        throw ConfigError(
            "data.train: no admitted device has a sample; use fewer devices (fleet.mix) or more "
            "samples (data.train_samples)");
}

}  // namespace mobi
