// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace mobi {

/// Spans [on, off) of time that come again every period, before time 0 too.
///
/// Everything is told in closed form: how short a period is, and how far a time lies ahead, costs
/// nothing.
class PeriodicSpans {
  public:
    using Span = std::pair<VirtualClock::duration, VirtualClock::duration>;
    using TimeSpan = std::pair<VirtualClock::time_point, VirtualClock::time_point>;

    /// Never on.
    PeriodicSpans() = default;

    /// Spans that touch become one, across the period's end too.
    /// \param spans  in order, none empty, none overlapping; all begin within [0, period), the last
    ///               may end after the period.
    PeriodicSpans(std::vector<Span> spans, VirtualClock::duration period);

    /// The span that holds `time`, or the next one; nothing when it begins later than 200 years.
    /// What never ends, or ends later than that, ends at time_point::max().
    /// \pre time >= 0
    std::optional<TimeSpan> at_or_after(VirtualClock::time_point time) const;

    /// The longest time on; duration::max() when never off, 0 when never on.
    VirtualClock::duration longest() const noexcept { return longest_; }

    /// How much of [0, time) lies in a span.  \pre time >= 0
    VirtualClock::duration on_until(VirtualClock::time_point time) const;

    /// Those of a period: apart from each other; the last may end after it.
    const std::vector<Span>& spans() const noexcept { return spans_; }

  private:
    bool always() const noexcept { return longest_ == VirtualClock::duration::max(); }
    void join_touching();
    TimeSpan placed(const Span& span, std::int64_t period) const;

    std::vector<Span> spans_;  // apart from each other; the last may end after the period
    VirtualClock::duration period_{};
    VirtualClock::duration longest_{};
};

}  // namespace mobi
