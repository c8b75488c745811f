// SPDX-License-Identifier: Apache-2.0
#include "device/transfer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/virtual_time.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;

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

double draw_rate(const LinkDirection& direction, RandomStream& random) {
    if (direction.deviation_bytes_per_s <= 0) return kUnknown;
    return positive_normal(direction.bytes_per_s, direction.deviation_bytes_per_s, random);
}

}  // namespace mobi
