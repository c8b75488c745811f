// SPDX-License-Identifier: Apache-2.0
#include "device/rate_trace.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/virtual_time.hpp"

namespace mobi {
namespace {

using std::chrono::nanoseconds;

constexpr double kMostBitsPerSecond = 1e15;

LinkAmount amount(std::int64_t bits_per_s, VirtualClock::duration time) {
    return LinkAmount{bits_per_s} * time.count();
}

}  // namespace

RateTrace::RateTrace(std::string name,
                     std::vector<Step> steps,
                     VirtualClock::duration period,
                     TraceEnd end)
    : name_(std::move(name)), steps_(std::move(steps)), period_(period), end_(end) {
    if (steps_.empty() || steps_.front().begin.count() != 0)
        throw DataError(name_ + ": a trace begins at time 0");
    before_.reserve(steps_.size() + 1);
    LinkAmount carried = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        const auto next = i + 1 < steps_.size() ? steps_[i + 1].begin : period_;
        if (next <= steps_[i].begin || steps_[i].bits_per_s < 0)
            throw DataError(
                fmt::format("{}: step {}: times increase and no rate is negative", name_, i + 1));
        before_.push_back(carried);
        carried += amount(steps_[i].bits_per_s, next - steps_[i].begin);
    }
    before_.push_back(carried);
    if (carried == 0) throw DataError(name_ + ": the link never carries anything: every rate is 0");
    if (end_ == TraceEnd::Hold && steps_.back().bits_per_s == 0)
        throw DataError(name_ +
                        ": the trace ends in an outage that would never end; accepted: a last rate "
                        "above 0, or trace_end = wrap");
}

std::size_t RateTrace::index_at(VirtualClock::duration time) const {
    const auto after =
        std::upper_bound(steps_.begin(), steps_.end(), time,
                         [](VirtualClock::duration t, const Step& step) { return t < step.begin; });
    return static_cast<std::size_t>(after - steps_.begin()) - 1;
}

std::pair<std::int64_t, VirtualClock::duration> RateTrace::step_at(
    VirtualClock::duration time) const {
    VirtualClock::duration periods_end{};
    if (time >= period_) {
        if (end_ == TraceEnd::Hold)
            return {steps_.back().bits_per_s, VirtualClock::duration::max()};
        periods_end = period_ * (time / period_);
        time %= period_;
    }
    const std::size_t i = index_at(time);
    return {steps_[i].bits_per_s,
            periods_end + (i + 1 < steps_.size() ? steps_[i + 1].begin : period_)};
}

LinkAmount RateTrace::carried_until(VirtualClock::duration time) const {
    MOBI_CHECK(time.count() >= 0, "a time before the trace");
    LinkAmount periods = 0;
    if (time >= period_) {
        if (end_ == TraceEnd::Hold)
            return before_.back() + amount(steps_.back().bits_per_s, time - period_);
        periods = time / period_;
        time %= period_;
    }
    const std::size_t i = index_at(time);
    return periods * before_.back() + before_[i] +
           amount(steps_[i].bits_per_s, time - steps_[i].begin);
}

VirtualClock::duration RateTrace::time_of(LinkAmount wanted) const {
    if (wanted <= 0) return {};
    // The period in which it is reached; one that is reached at its very end is not a full one yet.
    const LinkAmount total = before_.back();
    LinkAmount periods = (wanted - 1) / total;
    std::size_t i = steps_.size() - 1;
    if (end_ == TraceEnd::Hold && periods > 0) {
        periods = 0;
    } else {
        wanted -= periods * total;
        i = static_cast<std::size_t>(std::lower_bound(before_.begin() + 1, before_.end(), wanted) -
                                     before_.begin()) -
            1;
    }
    const LinkAmount rate = steps_[i].bits_per_s;
    const LinkAmount inside = (wanted - before_[i] + rate - 1) / rate;
    const auto refuse = [&] { refuse_endless({"what has to go by ", name_}); };
    if (periods > kLongestRun / period_) refuse();
    const LinkAmount time = periods * period_.count() + steps_[i].begin.count() + inside;
    if (time > kLongestRun.count()) refuse();
    return nanoseconds(static_cast<std::int64_t>(time));
}

double RateTrace::mean_bits_per_s() const {
    return static_cast<double>(before_.back()) / static_cast<double>(period_.count());
}

RateTrace RateTrace::scaled_to(double mean_bits_per_s) const {
    const double factor = mean_bits_per_s / this->mean_bits_per_s();
    std::vector<Step> steps = steps_;
    bool carries = false;
    for (Step& step : steps) {
        const double rate = static_cast<double>(step.bits_per_s) * factor;
        if (!(rate <= kMostBitsPerSecond))
            throw ConfigError(fmt::format(
                "{}: with the link's mean of {} bit/s it has rates above {} bit/s; accepted with "
                "trace_mean = link: a lower uplink or downlink",
                name_, mean_bits_per_s, kMostBitsPerSecond));
        step.bits_per_s = std::llround(rate);
        carries = carries || step.bits_per_s > 0;
    }
    if (!carries || (end_ == TraceEnd::Hold && steps.back().bits_per_s == 0))
        throw ConfigError(fmt::format(
            "{}: with the link's mean of {} bit/s its rates are below 1 bit/s; accepted with "
            "trace_mean = link: a higher uplink or downlink",
            name_, mean_bits_per_s));
    return RateTrace(name_, std::move(steps), period_, end_);
}

VirtualClock::duration trace_offset(const RateTrace* trace, TraceStart start, RandomStream random) {
    if (trace == nullptr || start == TraceStart::Begin) return {};
    const auto period = static_cast<std::uint64_t>(trace->period().count());
    return nanoseconds(static_cast<std::int64_t>(random.below(period)));
}

VirtualClock::time_point TracedLink::send(VirtualClock::time_point ready, std::int64_t bytes) {
    if (carried_ < 0 || ready > free_)
        carried_ = trace_->carried_until(ready.time_since_epoch() + offset_);
    carried_ += kAmountPerByte * bytes;
    free_ = std::max(ready, VirtualClock::time_point(trace_->time_of(carried_) - offset_));
    return free_;
}

}  // namespace mobi
