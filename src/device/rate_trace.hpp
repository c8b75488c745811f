// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/rng.hpp"
#include "core/wide_int.hpp"

namespace mobi {

/// How much a link can carry, in units of 1e-9 bit: bit/s times nanoseconds, so that sums over a
/// trace are exact.
using LinkAmount = Int128;

inline constexpr LinkAmount kAmountPerByte = LinkAmount{8} * 1'000'000'000;

/// What comes after the end of a trace.
enum class TraceEnd { Wrap, Hold };

/// Where in its trace a device begins.
enum class TraceStart { Begin, Random };

/// A rate that changes in steps: a measured link.
///
/// Rates are whole bit/s and times whole nanoseconds; the amount that a window carries is the exact
/// integral of the steps, and the end of a transfer its exact inverse, rounded up to a nanosecond.
class RateTrace {
  public:
    struct Step {
        VirtualClock::duration begin{};  ///< from the start of the trace
        std::int64_t bits_per_s = 0;
    };

    /// \param steps   the first begins at 0; `begin` increases; rates are not negative.
    /// \param period  end of the last step, after `steps.back().begin`.
    /// \throws DataError  when steps and period are not as said, when nothing is ever carried, or
    ///                    when the last rate is held and is zero.  `name` begins the message.
    RateTrace(std::string name,
              std::vector<Step> steps,
              VirtualClock::duration period,
              TraceEnd end);

    /// The integral from the start of the trace until `time`.  \pre time >= 0
    LinkAmount carried_until(VirtualClock::duration time) const;

    /// The first whole nanosecond until which `amount` has been carried: the inverse.
    /// \throws ConfigError  when that is more than 200 years after the start.
    VirtualClock::duration time_of(LinkAmount amount) const;

    /// The rate at `time` and when it changes, from the start of the trace; never: duration::max().
    std::pair<std::int64_t, VirtualClock::duration> step_at(VirtualClock::duration time) const;

    /// Mean rate over one period.
    double mean_bits_per_s() const;

    VirtualClock::duration period() const noexcept { return period_; }
    TraceEnd end() const noexcept { return end_; }
    const std::string& name() const noexcept { return name_; }
    const std::vector<Step>& steps() const noexcept { return steps_; }

    /// The same shape with another mean: every rate times `mean / mean_bits_per_s()`, rounded to
    /// whole bit/s.
    /// \throws ConfigError  when one is above 10^15 bit/s or all are below 1.
    RateTrace scaled_to(double mean_bits_per_s) const;

  private:
    /// The step in which `time` < period lies.
    std::size_t index_at(VirtualClock::duration time) const;

    std::string name_;
    std::vector<Step> steps_;
    std::vector<LinkAmount> before_;  // amount carried before each step, and in one period
    VirtualClock::duration period_{};
    TraceEnd end_ = TraceEnd::Wrap;
};

/// How far into its trace a device begins its run.
/// \param trace   null: there is none, and no offset.
/// \param random  of the device.
VirtualClock::duration trace_offset(const RateTrace* trace, TraceStart start, RandomStream random);

/// One direction of a link: it carries one transfer after another, each at the rate of its time.
///
/// Between transfers that follow each other without a pause the place inside a nanosecond is kept,
/// so that cutting a transfer in two never changes its end.
class TracedLink {
  public:
    /// \param offset  where in the trace the run begins.
    TracedLink(const RateTrace& trace, VirtualClock::duration offset)
        : trace_(&trace), offset_(offset) {}

    /// When `bytes` have been sent that are ready at `ready`.
    VirtualClock::time_point send(VirtualClock::time_point ready, std::int64_t bytes);

  private:
    const RateTrace* trace_;
    VirtualClock::duration offset_;
    VirtualClock::time_point free_{};
    LinkAmount carried_ = -1;  // since the start of the trace; -1: nothing was sent yet
};

}  // namespace mobi
