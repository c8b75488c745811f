// SPDX-License-Identifier: Apache-2.0
#include "prepare/message_sizes.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "transport/message.hpp"

namespace mobi {
namespace {

constexpr auto kMostBytes = static_cast<std::int64_t>(kMaxMessageBytes);

std::int64_t bytes_per_sample(const PacketLayout& layout) {
    return static_cast<std::int64_t>(packet_bytes(layout, 1, true) - kPacketHeaderBytes);
}

/// Most samples that fit one packet.
std::int64_t most_samples(const PacketLayout& layout) {
    return (kMostBytes - static_cast<std::int64_t>(kPacketHeaderBytes)) / bytes_per_sample(layout);
}

void check_uploads(const FleetPlan& plan, const BackbonePlan& backbone, std::int64_t samples) {
    const std::int64_t most = most_samples(backbone.layout);
    if (samples <= most) return;
    const auto bytes = static_cast<double>(samples * bytes_per_sample(backbone.layout));
    throw ConfigError(fmt::format(
        "packet.samples = {}: a packet of {} samples of backbone '{}' takes {}, and a message "
        "between ranks holds 2.15 GB; accepted: at most {}",
        plan.packet_samples, samples, backbone.name, human(bytes, "B"), most));
}

void check_evaluation(const BackbonePlan& backbone) {
    PacketLayout layout = backbone.layout;
    layout.dtype = Precision::Fp32;
    layout.labels = false;
    if (ForwardRequests::kEvaluationPart > most_samples(layout))
        throw ConfigError(
            fmt::format("plan.layers: {} taps of {} numbers of backbone '{}' make evaluation "
                        "packets larger than the 2.15 GB of a message between ranks; tap fewer",
                        layout.taps, layout.width, backbone.name));
}

/// Bytes of a sample in a request, an upper bound.
double request_bytes(const TokenTable::Sample& sample) {
    return 4.0 * static_cast<double>(5 + sample.ids.size() + sample.type_ids.size());
}

}  // namespace

void check_packet_sizes(const FleetPlan& plan) {
    std::vector<std::int64_t> largest(plan.backbones.size());
    for (const DevicePlan& device : plan.devices) {
        auto& samples = largest[static_cast<std::size_t>(device.backbone)];
        samples = std::max(samples, std::min(std::int64_t{plan.packet_samples},
                                             static_cast<std::int64_t>(device.samples.size())));
    }
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        check_uploads(plan, plan.backbones[k], largest[k]);
        if (largest[k] > 0) check_evaluation(plan.backbones[k]);
    }
}

void check_request_sizes(const FleetPlan& plan,
                         std::span<const Delivery> deliveries,
                         const TokenTable& tokens,
                         std::int32_t group_devices) {
    constexpr double kItemHead = 36;  // of a packet in a request, beside its samples
    constexpr auto kMost = static_cast<double>(kMostBytes) - 64;  // and the request's head
    std::vector<double> of_delivery(deliveries.size());
    double all = 0;
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        of_delivery[i] = kItemHead;
        for (const std::int32_t id : deliveries[i].samples)
            of_delivery[i] += request_bytes(tokens.train[static_cast<std::size_t>(id)]);
        all += of_delivery[i];
    }
    if (all <= kMost) return;  // then each of them is
    const ForwardRequests requests(plan, deliveries, tokens, false, group_devices);
    for (const ForwardRequests::Entry& entry : requests.entries()) {
        double bytes = 0;
        for (const std::int64_t index : entry.deliveries)
            bytes += of_delivery[static_cast<std::size_t>(index)];
        if (bytes > kMost)
            throw ConfigError(fmt::format(
                "forward.group_devices = {}: the tokens that a group of devices is asked for take "
                "{}, and a message between ranks holds 2.15 GB; lower it, device.epochs or "
                "data.train_samples",
                group_devices, human(bytes, "B")));
    }
}

}  // namespace mobi
