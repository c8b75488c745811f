// SPDX-License-Identifier: Apache-2.0
#include "device/periodic_spans.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/virtual_time.hpp"
#include "core/wide_int.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

}  // namespace

PeriodicSpans::PeriodicSpans(std::vector<Span> spans, Duration period)
    : spans_(std::move(spans)), period_(period) {
    MOBI_CHECK(period > Duration::zero(), "a period of {} ns", period.count());
    if (spans_.empty()) return;
    join_touching();
    for (const auto& [on, off] : spans_) longest_ = std::max(longest_, off - on);
    if (longest_ >= period_) longest_ = Duration::max();
}

void PeriodicSpans::join_touching() {
    std::vector<Span> joined{spans_.front()};
    for (const Span& span : spans_) {
        MOBI_CHECK(span.first < span.second && span.first < period_, "spans out of order");
        if (span.first <= joined.back().second)
            joined.back().second = std::max(joined.back().second, span.second);
        else
            joined.push_back(span);
    }
    // What reaches the first span of the next period goes on with it.
    if (joined.size() > 1 && joined.back().second >= period_ + joined.front().first) {
        joined.back().second = std::max(joined.back().second, period_ + joined.front().second);
        joined.erase(joined.begin());
    }
    spans_ = std::move(joined);
}

PeriodicSpans::TimeSpan PeriodicSpans::placed(const Span& span, std::int64_t period) const {
    const Int128 start = Int128{period_.count()} * period;
    const auto time = [](Int128 ns) {
        return ns > kLongestRun.count() ? Time::max()
                                        : Time(Duration(static_cast<Duration::rep>(ns)));
    };
    return {time(start + span.first.count()), time(start + span.second.count())};
}

std::optional<PeriodicSpans::TimeSpan> PeriodicSpans::at_or_after(Time time) const {
    if (spans_.empty()) return std::nullopt;
    if (always()) return TimeSpan{Time{}, Time::max()};
    const std::int64_t period = time.time_since_epoch() / period_;
    const Duration inside = time.time_since_epoch() % period_;
    if (inside < spans_.back().second - period_) return placed(spans_.back(), period - 1);
    const auto next =
        std::upper_bound(spans_.begin(), spans_.end(), inside,
                         [](Duration t, const Span& span) { return t < span.second; });
    const TimeSpan span =
        next == spans_.end() ? placed(spans_.front(), period + 1) : placed(*next, period);
    if (span.first > kHorizon) return std::nullopt;
    return span;
}

Duration PeriodicSpans::on_until(Time time) const {
    const Duration all = time.time_since_epoch();
    if (spans_.empty()) return {};
    if (always()) return all;
    const Duration inside = all % period_;
    // of the one that began in the period before
    Duration begun = std::max(Duration::zero(), spans_.back().second - period_);
    Duration on_in_period{};
    Duration on = std::min(inside, begun);
    for (const auto& [from, to] : spans_) {
        on_in_period += to - from;
        if (from < inside) on += std::min(inside, to) - from;
    }
    return on_in_period * (all / period_) + on;
}

}  // namespace mobi
