// SPDX-License-Identifier: Apache-2.0
#include "worker/pacer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/check.hpp"

namespace mobi {
namespace {

constexpr WallClock::duration kSegment{10e-3};  // real time that a segment stands for, at most
constexpr double kMostBytes = 64 * 1024;    // larger ones would take long to copy when they come
constexpr std::int64_t kLeastBytes = 1500;  // no smaller ones than a network would carry

WallClock::time_point wall(double seconds) {
    return WallClock::time_point(WallClock::duration(seconds));
}

}  // namespace

Pacer::Pacer(const PacePlan& plan)
    : clock_(wall(plan.start_wall_s), plan.time_scale), from_(plan.from) {
    for (const PacePlan::Upload& upload : plan.uploads) {
        const auto [found, added] = index_.try_emplace(upload.device, devices_.size());
        if (added) devices_.emplace_back().id = upload.device;
        Packet packet;
        packet.number = upload.packet;
        packet.planned = upload.times;
        devices_[found->second].packets.push_back(std::move(packet));
    }
    open_uploads_ = plan.uploads.size();
    // Both lists go by device and packet, but a device of which nothing arrives is not here.
    std::map<std::pair<std::int32_t, std::int32_t>, std::vector<PacePlan::CutUpload>> attempts;
    for (const PacePlan::CutUpload& cut : plan.cut)
        attempts[{cut.device, cut.packet}].push_back(cut);
    for (std::size_t d = 0; d < devices_.size(); ++d) {
        Device& device = devices_[d];
        for (std::size_t i = 0; i < device.packets.size(); ++i) {
            const Packet& packet = device.packets[i];
            std::int32_t attempt = 0;
            for (const PacePlan::CutUpload& one : attempts[{device.id, packet.number}])
                device.transfers.push_back(
                    {i, attempt++, true, one.start, one.end, Duration{}, one.sent_bytes});
            const PacketTimes& times = packet.planned;
            device.transfers.push_back({i, attempt, false, times.send_start, times.send_end,
                                        times.arrival - times.send_end, 0});
        }
        push_compute(d);
        device.link_waits = true;
    }
}

void Pacer::push(std::size_t device, Step step, Time due) {
    events_.push({clock_.wall_at(due), device, step});
}

Pacer::Time Pacer::due_compute(const Device& device) const {
    const PacketTimes& planned = device.packets[device.computing].planned;
    return (device.begun ? planned.compute_end : planned.compute_start) + device.slip;
}

std::int64_t Pacer::segments_of(const Device& device, const Transfer& transfer) const {
    const auto bytes = static_cast<std::int64_t>(device.packets[transfer.packet].bytes.size());
    const double pieces =
        std::ceil(std::max(clock_.wall_length(transfer.end - transfer.start) / kSegment,
                           static_cast<double>(bytes) / kMostBytes));
    const std::int64_t most = std::max<std::int64_t>(1, bytes / kLeastBytes);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(pieces), 1, most);
}

Pacer::Time Pacer::due_segment(const Device& device) const {
    const Transfer& transfer = device.transfers[device.sending];
    const double share = static_cast<double>(device.segment + 1) /
                         static_cast<double>(segments_of(device, transfer));
    const auto part = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double, std::nano>(transfer.end - transfer.start) * share);
    // One after another, also where a jittering latency would let one overtake another.
    return std::max(device.last_segment, transfer.start + part + transfer.latency) + device.slip;
}

void Pacer::push_compute(std::size_t device) {
    push(device, Step::Compute, due_compute(devices_[device]));
}

void Pacer::push_send(std::size_t index) {
    Device& device = devices_[index];
    if (device.sending == device.transfers.size()) return;
    const std::size_t packet = device.transfers[device.sending].packet;
    device.link_waits = packet >= device.computing;
    if (!device.link_waits) push(index, Step::Send, due_segment(device));
}

void Pacer::note(Device& device, Packet& packet, Time due, Time now) {
    const WallClock::duration late = clock_.wall_length(now - due);
    if (late <= PacedClock::kTolerance) return;
    ++overruns_;
    worst_overrun_ = std::max(worst_overrun_, late);
    packet.overrun += now - due;
    device.slip += now - due;
}

void Pacer::keep(std::int32_t id, std::int32_t number, Bytes encoded, WallClock::time_point now) {
    const auto found = index_.find(id);
    MOBI_CHECK(found != index_.end(), "device {} has no pace", id);
    Device& device = devices_[found->second];
    const auto packet = std::find_if(device.packets.begin(), device.packets.end(),
                                     [&](const Packet& one) { return one.number == number; });
    MOBI_CHECK(packet != device.packets.end(), "packet {} of device {} has no pace", number, id);
    packet->bytes = std::move(encoded);
    if (device.late_result &&
        packet - device.packets.begin() == static_cast<std::ptrdiff_t>(device.computing)) {
        device.late_result = false;
        end_compute(found->second, due_compute(device), clock_.virtual_at(now));
    }
}

void Pacer::compute(std::size_t index, Time due, Time now, Due& out) {
    Device& device = devices_[index];
    Packet& packet = device.packets[device.computing];
    if (!device.begun) {
        note(device, packet, due, now);
        device.begun = true;
        packet.measured.compute_start = now;
        out.begun.emplace_back(device.id, packet.number);
        push_compute(index);
    } else if (packet.bytes.empty()) {
        device.late_result = true;
    } else {
        end_compute(index, due, now);
    }
}

void Pacer::end_compute(std::size_t index, Time due, Time now) {
    Device& device = devices_[index];
    Packet& packet = device.packets[device.computing];
    note(device, packet, due, now);
    packet.measured.compute_end = now;
    device.begun = false;
    ++device.computing;
    if (device.computing < device.packets.size()) push_compute(index);
    if (device.link_waits) push_send(index);
}

void Pacer::send(std::size_t index, Time due, Time now, Due& out) {
    Device& device = devices_[index];
    const Transfer& transfer = device.transfers[device.sending];
    Packet& packet = device.packets[transfer.packet];
    if (device.segment == 0)
        packet.measured.send_start =
            std::max({packet.measured.compute_end, device.link_free, transfer.start + device.slip});
    device.last_segment = due - device.slip;
    // What was to be, and what was late: a segment that waits for one before it, whose latency was
    // longer, leaves the link when it would have anyway.
    const Time sent = transfer.end + device.slip + (now - due);
    note(device, packet, due, now);
    const std::int64_t segments = segments_of(device, transfer);
    const bool last = device.segment + 1 == segments;
    const std::size_t whole =
        transfer.cut ? std::min(static_cast<std::size_t>(transfer.cut_bytes), packet.bytes.size())
                     : packet.bytes.size();
    const std::size_t until = last ? whole
                                   : whole * static_cast<std::size_t>(device.segment + 1) /
                                         static_cast<std::size_t>(segments);
    Segment segment{device.id, packet.number, transfer.attempt, last && !transfer.cut, {}, {}, {}};
    segment.bytes.reserve(until - device.sent_bytes + kSegmentTrailer);
    segment.bytes.assign(packet.bytes.begin() + static_cast<std::ptrdiff_t>(device.sent_bytes),
                         packet.bytes.begin() + static_cast<std::ptrdiff_t>(until));
    device.sent_bytes = until;
    ++device.segment;
    if (last) {
        device.link_free = std::max(sent, packet.measured.send_start);
        packet.measured.send_end = device.link_free;
        if (!transfer.cut) {
            segment.times = packet.measured;
            segment.overrun = packet.overrun;
            out.spent.push_back(std::exchange(packet.bytes, {}));
            --open_uploads_;
        }
        device.segment = 0;
        device.sent_bytes = 0;
        ++device.sending;
    }
    out.segments.push_back(std::move(segment));
    push_send(index);
}

Pacer::Due Pacer::advance(WallClock::time_point wall_now) {
    Due out;
    while (!events_.empty() && events_.top().at <= wall_now) {
        const Event event = events_.top();
        events_.pop();
        const Device& device = devices_[event.device];
        const Time due = event.step == Step::Compute ? due_compute(device) : due_segment(device);
        const WallClock::time_point at = clock_.wall_at(due);
        if (at > wall_now) {  // put off by an overrun since it was planned
            push(event.device, event.step, due);
            continue;
        }
        const Time now = due < from_ ? due : clock_.virtual_at(wall_now);
        if (event.step == Step::Compute)
            compute(event.device, due, now, out);
        else
            send(event.device, due, now, out);
    }
    return out;
}

std::optional<WallClock::time_point> Pacer::next() const {
    if (events_.empty()) return std::nullopt;
    return events_.top().at;
}

}  // namespace mobi
