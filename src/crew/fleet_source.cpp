// SPDX-License-Identifier: Apache-2.0
#include "crew/fleet_source.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "messages/tags.hpp"

namespace mobi {
namespace {

constexpr WallClock::duration kPatience(0.02);

}  // namespace

FleetSource::FleetSource(Channel& channel,
                         const FleetPlan& plan,
                         std::span<const Delivery> deliveries,
                         const TokenTable& tokens,
                         LiveSettings settings)
    : channel_(channel),
      plan_(plan),
      settings_(std::move(settings)),
      requests_(
          plan, deliveries, tokens, !settings_.truth.empty(), settings_.forward.group_devices),
      replies_(plan, tokens, settings_.truth, settings_.validation) {
    MOBI_CHECK(channel.size() > 1, "no worker to compute for the fleet");
}

void FleetSource::grant(std::optional<std::int64_t> wanted) {
    while (granted_ < requests_.entries().size()) {
        const int worker = replies_.idlest_worker(channel_.size());
        if (replies_.open_requests(worker) >= settings_.most_open_requests()) return;
        const ForwardRequests::Entry& entry = requests_.entries()[granted_];
        if (was_taken(entry)) {
            ++granted_;
            continue;
        }
        const bool fits = outstanding_bytes_ + entry.bytes <= settings_.forward.window_bytes;
        const bool holds_wanted =
            wanted && std::find(entry.deliveries.begin(), entry.deliveries.end(), *wanted) !=
                          entry.deliveries.end();
        if (!fits && !holds_wanted) return;
        outstanding_bytes_ += entry.bytes;
        replies_.expect(worker);
        channel_.send(worker, kTagRequest, encode_request(requests_.build(granted_)));
        ++granted_;
    }
}

/// Whether all of it was taken before the run was resumed.
bool FleetSource::was_taken(const ForwardRequests::Entry& entry) const {
    return entry.kind == PacketKind::Upload &&
           std::all_of(entry.deliveries.begin(), entry.deliveries.end(),
                       [&](std::int64_t index) { return index < settings_.taken; });
}

double FleetSource::bytes_of(const Packet& packet) const {
    const PacketLayout& layout = plan_.backbones[static_cast<std::size_t>(packet.backbone)].layout;
    return static_cast<double>(packet_bytes(layout, packet.samples.size(), true));
}

void FleetSource::pump(std::optional<std::int64_t> wanted) {
    grant(wanted);
    if (settings_.on_wait) settings_.on_wait();
    const std::optional<Message> message = channel_.receive(kPatience);
    if (!message) return;
    replies_.handle(*message, [&](Packet packet) {
        const std::int64_t index = requests_.delivery_of(packet.device, packet.packet);
        if (index < 0)
            throw ProtocolError(
                message->source, message->tag, "a planned packet",
                fmt::format("packet {} of device {}", packet.packet, packet.device));
        if (index < settings_.taken)  // of a group that is computed for its others
            outstanding_bytes_ -= bytes_of(packet);
        else
            received_.emplace(index, std::move(packet));
    });
}

Payload FleetSource::take(std::int64_t index) {
    auto found = received_.find(index);
    while (found == received_.end()) {
        pump(index);
        found = received_.find(index);
    }
    Packet packet = std::move(found->second);
    received_.erase(found);
    outstanding_bytes_ -= bytes_of(packet);
    grant(std::nullopt);
    return packet;
}

std::shared_ptr<const EvaluationData> FleetSource::evaluation() {
    if (settings_.evaluation) return settings_.evaluation;
    while (replies_.evaluation_open() > 0) pump(std::nullopt);
    return replies_.evaluation();
}

std::map<int, WorkerReport> FleetSource::stop() {
    return stop_workers(channel_, replies_, [this] { pump(std::nullopt); });
}

}  // namespace mobi
