// SPDX-License-Identifier: Apache-2.0
#include "crew/forward_requests.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace mobi {

ForwardRequests::ForwardRequests(const FleetPlan& plan,
                                 std::span<const Delivery> deliveries,
                                 const TokenTable& tokens,
                                 bool evaluation,
                                 std::int32_t group_devices)
    : plan_(plan), deliveries_(deliveries), tokens_(tokens), delivery_of_(plan.devices.size()) {
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        auto& packets = delivery_of_[static_cast<std::size_t>(deliveries[i].device)];
        const auto packet = static_cast<std::size_t>(deliveries[i].packet);
        if (packets.size() <= packet) packets.resize(packet + 1, -1);
        packets[packet] = static_cast<std::int64_t>(i);
        samples_ += static_cast<std::int64_t>(deliveries[i].samples.size());
    }
    if (evaluation) plan_evaluation();
    const auto groups_begin = static_cast<std::ptrdiff_t>(entries_.size());
    for (std::size_t k = 0; k < plan.backbones.size(); ++k)
        plan_groups(static_cast<std::int32_t>(k), group_devices);
    std::sort(entries_.begin() + groups_begin, entries_.end(),
              [](const Entry& a, const Entry& b) { return a.first < b.first; });
}

void ForwardRequests::plan_evaluation() {
    for (std::size_t k = 0; k < plan_.backbones.size(); ++k) {
        const auto n = static_cast<std::int64_t>(tokens_.test[k].size());
        for (std::int64_t first = 0; first < n; first += kEvaluationPart) {
            Entry entry;
            entry.backbone = static_cast<std::int32_t>(k);
            entry.kind = PacketKind::Evaluation;
            entry.first = first;
            entries_.push_back(std::move(entry));
        }
        samples_ += n;
    }
}

void ForwardRequests::plan_groups(std::int32_t backbone, std::int32_t group_devices) {
    std::int32_t devices = 0;
    Entry group;
    const auto close = [&] {
        if (!group.deliveries.empty()) entries_.push_back(std::move(group));
        group = Entry();
        devices = 0;
    };
    for (const DevicePlan& device : plan_.devices) {
        if (device.backbone != backbone || !device.admitted) continue;
        if (devices == 0) {
            group.backbone = backbone;
            group.first = std::numeric_limits<std::int64_t>::max();
        }
        for (const std::int64_t index : delivery_of_[static_cast<std::size_t>(device.id)]) {
            if (index < 0) continue;  // a later packet of the device arrives, this one does not
            const Delivery& delivery = deliveries_[static_cast<std::size_t>(index)];
            group.deliveries.push_back(index);
            group.first = std::min(group.first, index);
            group.bytes += static_cast<double>(
                packet_bytes(plan_.backbones[static_cast<std::size_t>(backbone)].layout,
                             delivery.samples.size(), true));
        }
        if (++devices == group_devices) close();
    }
    close();
}

WorkRequest ForwardRequests::build(std::size_t number) const {
    const Entry& entry = entries_[number];
    WorkRequest request;
    request.request = static_cast<std::int32_t>(number);
    request.work.backbone = entry.backbone;
    request.work.kind = entry.kind;
    if (entry.kind == PacketKind::Evaluation) {
        const auto& test = tokens_.test[static_cast<std::size_t>(entry.backbone)];
        const auto first = test.begin() + static_cast<std::ptrdiff_t>(entry.first);
        const auto count = std::min<std::ptrdiff_t>(kEvaluationPart, test.end() - first);
        WorkItem item;
        item.device = -1;
        item.part = static_cast<std::int32_t>(entry.first / kEvaluationPart);
        item.samples.assign(first, first + count);
        request.work.items.push_back(std::move(item));
        return request;
    }
    for (const std::int64_t index : entry.deliveries) {
        const Delivery& delivery = deliveries_[static_cast<std::size_t>(index)];
        WorkItem item;
        item.device = delivery.device;
        item.part = delivery.packet;
        for (const std::int32_t id : delivery.samples)
            item.samples.push_back(tokens_.train[static_cast<std::size_t>(id)]);
        request.work.items.push_back(std::move(item));
    }
    return request;
}

std::int64_t ForwardRequests::delivery_of(std::int32_t device, std::int32_t packet) const {
    if (device < 0 || static_cast<std::size_t>(device) >= delivery_of_.size() || packet < 0)
        return -1;
    const auto& packets = delivery_of_[static_cast<std::size_t>(device)];
    return static_cast<std::size_t>(packet) < packets.size()
               ? packets[static_cast<std::size_t>(packet)]
               : -1;
}

}  // namespace mobi
