// SPDX-License-Identifier: Apache-2.0
#include "device/availability.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numbers>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "core/virtual_time.hpp"
#include "device/profile.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

constexpr Duration kDay = std::chrono::hours(24);
constexpr double kDaySeconds = 86400;
constexpr double kMostSeconds = std::chrono::duration<double>(kLongestRun).count();
constexpr std::string_view kAccepted = "device from 0, then seconds on and off, with commas";

// Spans or slots of one device that are drawn one by one: a second of work, and 200 years of
// ten-minute slots.
constexpr std::int64_t kMostDrawn = 12'000'000;

/// A drawn time; what is beyond the longest run lasts for ever.
Duration drawn(double seconds) {
    return seconds < kMostSeconds ? virtual_duration(seconds, {}) : Duration::max();
}

Time after(Time time, Duration length) {
    return length > Time::max() - time ? Time::max() : time + length;
}

/// A time of the configuration that has to be above 0.
Duration positive(double seconds, std::string_view key, const std::string& name) {
    const std::string whose = fmt::format("{}{}", name, key);
    const Duration time = virtual_duration(seconds, {"availability.", whose});
    if (time <= Duration::zero())
        throw ConfigError(
            fmt::format("availability.{}: {} s; accepted: 1 ns or more", whose, seconds));
    return time;
}

}  // namespace

const PeriodicSpans& AvailabilityTrace::of(std::int32_t device) const {
    static const PeriodicSpans never;
    const auto row = rows.find(device % devices);
    return row == rows.end() ? never : row->second;
}

Presence::Presence(const AvailabilityProfile& profile, std::uint64_t seed, std::int32_t device)
    : profile_(&profile),
      seed_(seed),
      device_(device),
      random_(seed, Purpose::Availability, static_cast<std::uint64_t>(device)) {
    if (profile.join_s > 0) join_ = after({}, drawn(random_.uniform() * profile.join_s));
    switch (profile.kind) {
        case AvailabilityKind::Always:
            off_ = Time::max();
            break;
        case AvailabilityKind::Daily:
            set_daily();
            break;
        case AvailabilityKind::Markov:
            set_markov();
            break;
        case AvailabilityKind::DayCycle:
            set_day_cycle();
            break;
        case AvailabilityKind::Trace:
            break;
    }
}

void Presence::set_daily() {
    const auto zone =
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(profile_->time_zones)));
    const Duration opens = virtual_duration(profile_->daily_from_s, {});
    const Duration from = opens + part_of(kDay, zone, profile_->time_zones);
    Duration length = virtual_duration(profile_->daily_to_s, {}) - opens;
    while (length <= Duration::zero()) length += kDay;  // twice from 24 h to 0 h
    daily_ = PeriodicSpans({{from % kDay, from % kDay + length}}, kDay);
    // The first span is that of the day before: what began earlier is not part of the run.
    join_ = std::max(join_, Time(from - kDay));
}

void Presence::set_markov() {
    const double share = profile_->mean_on_s / (profile_->mean_on_s + profile_->mean_off_s);
    if (random_.uniform() < share)  // exponential times have no memory
        off_ = after({}, drawn(-profile_->mean_on_s * std::log1p(-random_.uniform())));
}

void Presence::set_day_cycle() {
    level_ = std::exp(profile_->level_sigma * random_.normal());
    slot_ = positive(profile_->slot_s, ".slot", profile_->name);
    constexpr double kMeanOfCycle = 0.5;
    constexpr double kLeastOfCycle = 0.1;
    if (level_ * kMeanOfCycle * (kMostSeconds / profile_->slot_s) < 1)
        throw ConfigError(fmt::format(
            "availability.{0}: device {1} would be on less than once in 200 years; accepted: a "
            "smaller level_spread or slot",
            profile_->name, device_));
    if (level_ * kLeastOfCycle > 1.001) off_ = Time::max();  // in every slot
}

Presence presence_of(const AvailabilityProfile* pattern, std::uint64_t seed, std::int32_t device) {
    static const AvailabilityProfile always;
    return {pattern != nullptr ? *pattern : always, seed, device};
}

bool Presence::repeats() const {
    return profile_->kind == AvailabilityKind::Daily || profile_->kind == AvailabilityKind::Trace;
}

const PeriodicSpans& Presence::spans() const {
    return profile_->kind == AvailabilityKind::Daily ? daily_ : profile_->trace->of(device_);
}

bool Presence::advance(Time time) {
    if (ahead_) {
        std::tie(on_, off_) = *std::exchange(ahead_, std::nullopt);
        return true;
    }
    if (!over_) over_ = !find_next(time);
    return !over_;
}

bool Presence::find_next(Time time) {
    switch (profile_->kind) {
        case AvailabilityKind::Always:
            return false;
        case AvailabilityKind::Daily:
        case AvailabilityKind::Trace:
            return advance_periodic(time);
        case AvailabilityKind::Markov:
            return advance_markov();
        case AvailabilityKind::DayCycle:
            return advance_day_cycle();
    }
    return false;
}

bool Presence::advance_periodic(Time time) {
    const auto span = spans().at_or_after(time);
    if (span) std::tie(on_, off_) = *span;
    return span.has_value();
}

bool Presence::advance_markov() {
    count(1);
    on_ = after(off_, drawn(-profile_->mean_off_s * std::log1p(-random_.uniform())));
    off_ = after(on_, drawn(-profile_->mean_on_s * std::log1p(-random_.uniform())));
    return on_ <= kHorizon;
}

/// \throws ConfigError  when it has been too many.
void Presence::count(std::int64_t spans) {
    counted_ += spans;
    if (counted_ <= kMostDrawn) return;
    const bool slots = profile_->kind == AvailabilityKind::DayCycle;
    throw ConfigError(fmt::format(
        "availability.{}: device {} has to be followed through more than {} {}; accepted: a "
        "{}, or less work",
        profile_->name, device_, kMostDrawn, slots ? "slots" : "times on and off",
        slots ? "longer slot or a smaller level_spread" : "longer mean_on or mean_off"));
}

bool Presence::slot_is_on(std::int64_t slot) const {
    const double time_s = static_cast<double>(slot) * profile_->slot_s;
    const double cycle = 0.4 * std::sin(2 * std::numbers::pi * time_s / kDaySeconds) + 0.5;
    RandomStream draw(seed_, Purpose::AvailabilitySlot, static_cast<std::uint64_t>(device_),
                      static_cast<std::uint32_t>(slot));
    return draw.uniform() < std::min(1.0, level_ * cycle);
}

bool Presence::advance_day_cycle() {
    if (off_ == Time::max()) return false;
    const std::int64_t last = kLongestRun / slot_;
    const std::int64_t first = next_slot_;
    while (next_slot_ <= last && !slot_is_on(next_slot_)) {
        ++next_slot_;
        if (next_slot_ - first > kMostDrawn) break;
    }
    count(next_slot_ - first);
    if (next_slot_ > last) return false;
    on_ = Time(slot_ * next_slot_);
    // A day at most, so that a device that is hardly ever off is followed step by step.
    const std::int64_t begun = next_slot_;
    const std::int64_t most = begun + std::clamp<std::int64_t>(kDay / slot_, 1, kMostDrawn);
    while (next_slot_ < most && slot_is_on(next_slot_)) ++next_slot_;
    count(next_slot_ - begun);
    off_ = Time(multiple(slot_, next_slot_).value_or(Duration::max()));
    return true;
}

std::optional<Time> Presence::next_on(Time time) {
    time = std::max(time, join_);
    if (time > kHorizon) return std::nullopt;
    // A drawn span may round to no time at all: nobody is on in it.
    while (off_ <= std::max(time, on_))
        if (!advance(time)) return std::nullopt;
    return std::max(time, on_);
}

std::optional<Time> Presence::off_before(Time start, Time end) {
    next_on(start);
    while (off_ < end) {
        const PeriodicSpans::TimeSpan now(on_, off_);
        const bool again = advance(off_);
        if (again && on_ <= now.second) {  // begins where this one ends: it goes on
            on_ = now.first;
            continue;
        }
        if (again) ahead_.emplace(on_, off_);
        std::tie(on_, off_) = now;
        return off_;
    }
    return std::nullopt;
}

Duration Presence::off_until(Time end) {
    if (repeats()) {
        const Time start = std::min(std::max(join_, Time{}), end);
        return end.time_since_epoch() - (spans().on_until(end) - spans().on_until(start));
    }
    Duration off{};
    for (Time from{}; from < end;) {
        const Time on = next_on(from).value_or(end);
        off += std::min(on, end) - from;
        if (on >= end) break;
        from = off_before(on, end).value_or(end);
    }
    return off;
}

std::optional<Duration> Presence::longest_on() const {
    if (profile_->kind == AvailabilityKind::Always) return Duration::max();
    if (repeats()) return spans().longest();
    return std::nullopt;
}

double Presence::usual_on_s() const {
    if (profile_->kind == AvailabilityKind::Markov) return profile_->mean_on_s;
    if (profile_->kind == AvailabilityKind::DayCycle) return profile_->slot_s;
    return std::chrono::duration<double>(longest_on().value_or(Duration::max())).count();
}

AvailabilityTrace parse_availability_trace(std::string_view text,
                                           const std::string& name,
                                           double period_s) {
    using Spans = std::vector<PeriodicSpans::Span>;
    std::map<std::int32_t, Spans> rows;
    const Duration period = positive(period_s, ": trace_period", name);
    std::size_t number = 0;
    text = without_byte_order_mark(text);
    while (!text.empty()) {
        ++number;
        const std::string_view content = trim(take_line(text));
        if (content.empty() || content.front() == '#') continue;
        const auto fields = split(content, ',');
        const auto refuse = [&](std::string_view what) {
            throw DataError(fmt::format("{}:{}: {}", name, number, what));
        };
        if (fields.size() != 3)
            refuse(fmt::format("{} fields; accepted: {}", fields.size(), kAccepted));
        double values[3] = {};
        bool header = false;
        for (std::size_t i = 0; i < 3; ++i) {
            const std::string_view word = trim(fields[i]);
            const auto [end, error] =
                std::from_chars(word.data(), word.data() + word.size(), values[i]);
            if (error == std::errc() && end == word.data() + word.size() && values[i] >= 0 &&
                values[i] <= kMostSeconds)
                continue;
            header = rows.empty() && i == 0 && word == "device";
            if (header) break;
            refuse(fmt::format("'{}': accepted: {}", printable(word), kAccepted));
        }
        if (header) continue;
        if (!(values[0] < kMostDevices) || values[0] != std::floor(values[0]))
            refuse(fmt::format("device {}: accepted: whole numbers below {}", values[0],
                               kMostDevices));
        const PeriodicSpans::Span span{virtual_duration(values[1], {name}),
                                       virtual_duration(values[2], {name})};
        Spans& spans = rows[static_cast<std::int32_t>(values[0])];
        if (span.second <= span.first) refuse("the device goes off before it comes on");
        if (!spans.empty() && span.first < spans.back().second)
            refuse("the span begins before the device's last one ends");
        if (span.second > period)
            refuse(fmt::format("the span ends after the period of {} s", period_s));
        spans.push_back(span);
    }
    if (rows.empty()) throw DataError(fmt::format("{}: no line; accepted: {}", name, kAccepted));
    AvailabilityTrace trace;
    trace.devices = rows.rbegin()->first + 1;
    for (auto& [device, spans] : rows)
        trace.rows.emplace(device, PeriodicSpans(std::move(spans), period));
    return trace;
}

AvailabilityTrace read_availability_trace(const std::string& path, double period_s) {
    return parse_availability_trace(read_text_file(path, kAccepted), path, period_s);
}

}  // namespace mobi
