// SPDX-License-Identifier: Apache-2.0
#include "device/upload.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "device/link_model.hpp"
#include "device/virtual_time.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

/// A link of one's own: constant or traced.
class OwnLink {
  public:
    OwnLink(const LinkProfile& link, Duration trace_offset) : link_(&link) {
        if (link.trace != nullptr) traced_.emplace(*link.trace, trace_offset);
        offset_ = trace_offset;
    }

    Time send(Time begin, std::int64_t bytes) {
        if (traced_) return traced_->send(begin, bytes);
        return begin + send_time(*link_, static_cast<double>(bytes));
    }

    /// What a transfer that began at `begin` has sent by `end`, before it was complete.
    std::int64_t sent(Time begin, Time end) const {
        if (end <= begin) return 0;
        if (traced_) {
            const LinkAmount amount =
                link_->trace->carried_until(end.time_since_epoch() + offset_) -
                link_->trace->carried_until(begin.time_since_epoch() + offset_);
            return static_cast<std::int64_t>(amount / kAmountPerByte);
        }
        const double seconds = std::chrono::duration<double>(end - begin).count();
        return static_cast<std::int64_t>(link_->uplink_bytes_per_s * seconds);
    }

  private:
    const LinkProfile* link_;
    std::optional<TracedLink> traced_;
    Duration offset_{};
};

}  // namespace

void cancel_from(std::span<PacketSchedule> packets) {
    for (PacketSchedule& packet : packets) packet.delivered = false;
}

Time after_wake_up(const LinkProfile& link, Time start, std::optional<Time> last_byte) {
    if (link.wake_up_s <= 0) return start;
    const auto wait = virtual_duration(link.wake_after_s, "wake_after of link", link.name);
    if (last_byte && start - *last_byte <= wait) return start;
    return start + virtual_duration(link.wake_up_s, "wake_up of link", link.name);
}

void send_alone(UploadQueue& queue, std::vector<LostAttempt>& lost) {
    OwnLink own(*queue.link, queue.trace_offset);
    Time free{};
    std::optional<Time> last_byte;
    for (std::size_t j = 0; j < queue.packets.size(); ++j) {
        PacketSchedule& packet = queue.packets[j];
        if (!packet.delivered) return;
        Time start = std::max(packet.times.compute_end, free);
        while (true) {
            const std::optional<Time> on = queue.presence.next_on(start);
            if (!on) return cancel_from(queue.packets.subspan(j));
            start = *on;
            const Time begin = after_wake_up(*queue.link, start, last_byte);
            OwnLink attempt = own;
            const Time end = attempt.send(begin, packet.sent_bytes);
            const std::optional<Time> off = queue.presence.off_before(start, end);
            if (!off) {
                own = attempt;
                packet.times.send_start = start;
                packet.times.send_end = end;
                last_byte = free = end;
                break;
            }
            lost.push_back({queue.task, static_cast<std::int32_t>(j), true, start, *off,
                            own.sent(begin, *off)});
            if (*off > begin) last_byte = *off;
            start = free = *off;
        }
    }
}

std::int64_t bytes_with_repeats(std::int64_t bytes, double loss, RandomStream& random) {
    constexpr std::int64_t kSegment = 1500;
    if (loss <= 0) return bytes;
    const double log_loss = std::log(loss);
    std::int64_t sent = 0;
    for (std::int64_t left = bytes; left > 0; left -= kSegment) {
        // how often it is lost before it arrives: geometric
        const double times = std::floor(std::log1p(-random.uniform()) / log_loss);
        sent += std::min(left, kSegment) * (1 + static_cast<std::int64_t>(times));
    }
    return sent;
}

}  // namespace mobi
