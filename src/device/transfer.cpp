// SPDX-License-Identifier: Apache-2.0
#include "device/transfer.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/signals.hpp"
#include "core/virtual_time.hpp"
#include "device/hopeless.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

/// A way of a link of one's own: constant, drawn for every transfer, or traced.
class OwnLink {
  public:
    OwnLink(const LinkDirection& direction, Duration trace_offset)
        : direction_(&direction), offset_(trace_offset) {
        if (direction.trace != nullptr) traced_.emplace(*direction.trace, trace_offset);
    }

    Time carry(Time begin, const Transfer& transfer) {
        if (traced_) return traced_->send(begin, transfer.bytes);
        return later(begin,
                     transfer_time(*direction_, static_cast<double>(transfer.bytes),
                                   rate_of(*direction_, transfer)),
                     direction_->work());
    }

    /// What a transfer that began at `begin` has carried by `end`, before it was complete.
    std::int64_t carried(Time begin, Time end, const Transfer& transfer) const {
        if (end <= begin) return 0;
        if (traced_) {
            const RateTrace& trace = *direction_->trace;
            const LinkAmount amount = trace.carried_until(end.time_since_epoch() + offset_) -
                                      trace.carried_until(begin.time_since_epoch() + offset_);
            return static_cast<std::int64_t>(amount / kAmountPerByte);
        }
        const double seconds = std::chrono::duration<double>(end - begin).count();
        return static_cast<std::int64_t>(rate_of(*direction_, transfer) * seconds);
    }

  private:
    const LinkDirection* direction_;
    std::optional<TracedLink> traced_;
    Duration offset_;
};

}  // namespace

Time after_wake_up(const LinkProfile& link, Time start, std::optional<Time> last_byte) {
    if (link.wake_up_s <= 0) return start;
    constexpr double kNever = std::chrono::duration<double>(kLongestRun).count();
    if (last_byte) {
        if (link.wake_after_s >= kNever) return start;
        const auto wait = virtual_duration(link.wake_after_s, {"wake_after of link.", link.name});
        if (start - *last_byte <= wait) return start;
    }
    const TimedWork work{"wake_up of link.", link.name};
    return later(start, virtual_duration(link.wake_up_s, work), work);
}

void transfer_alone(TransferQueue& queue, std::vector<LostTransfer>& lost) {
    const LinkProfile& link = *queue.direction.link;
    OwnLink own(queue.direction, queue.trace_offset);
    Time free{};
    std::optional<Time> last_byte;
    for (std::size_t j = 0; j < queue.transfers.size(); ++j) {
        Transfer& transfer = queue.transfers[j];
        Time start = std::max(transfer.ready, free);
        for (int attempts = 1; !transfer.done; ++attempts) {
            throw_if_interrupted();
            const std::optional<Time> on = queue.presence.next_on(start);
            if (!on) return;
            start = *on;
            const Time begin = after_wake_up(link, start, last_byte);
            OwnLink attempt = own;
            const Time end = attempt.carry(begin, transfer);
            const std::optional<Time> off = queue.presence.off_before(start, end);
            if (!off) {
                own = attempt;
                transfer.start = start;
                transfer.end = end;
                transfer.done = true;
                last_byte = free = end;
                break;
            }
            lost.push_back({queue.task, static_cast<std::int32_t>(j), start, *off,
                            own.carried(begin, *off, transfer)});
            // The radio may be awake next time.
            refuse_hopeless(queue.presence, {queue.direction.work(), end - begin,
                                             queue.direction.trace == nullptr, attempts});
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

double rate_of(const LinkDirection& direction, const Transfer& transfer) {
    return std::isnan(transfer.bytes_per_s) ? direction.bytes_per_s : transfer.bytes_per_s;
}

double draw_rate(const LinkDirection& direction, RandomStream& random) {
    if (direction.deviation_bytes_per_s <= 0) return kUnknown;
    return positive_normal(direction.bytes_per_s, direction.deviation_bytes_per_s, random);
}

}  // namespace mobi
