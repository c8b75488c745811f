// SPDX-License-Identifier: Apache-2.0
#include "device/availability.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "device/virtual_time.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

constexpr Duration kDay = std::chrono::hours(24);
constexpr double kDaySeconds = 86400;
constexpr double kMostSeconds = 10.0 * 365 * kDaySeconds;
constexpr std::size_t kMostDevices = 10'000'000;
constexpr std::string_view kAccepted = "device from 0, then seconds on and off, with commas";

Duration seconds(double value, const std::string& whose) {
    return virtual_duration(value, "a span of availability", whose);
}

}  // namespace

Presence::Presence(const AvailabilityProfile& profile, std::uint64_t seed, std::int32_t device)
    : profile_(&profile),
      seed_(seed),
      device_(device),
      random_(seed, Purpose::Availability, static_cast<std::uint64_t>(device)) {
    if (profile.join_s > 0) join_ = Time(seconds(random_.uniform() * profile.join_s, profile.name));
    switch (profile.kind) {
        case AvailabilityKind::Always:
            off_ = Time::max();
            break;
        case AvailabilityKind::Daily:
            shift_ = kDay *
                     static_cast<Duration::rep>(
                         random_.below(static_cast<std::uint64_t>(profile.time_zones))) /
                     profile.time_zones;
            next_ = -1;  // yesterday's may reach into today
            break;
        case AvailabilityKind::Markov: {
            const double share = profile.mean_on_s / (profile.mean_on_s + profile.mean_off_s);
            if (random_.uniform() < share)  // exponential times have no memory
                off_ = Time(
                    seconds(-profile.mean_on_s * std::log1p(-random_.uniform()), profile.name));
            break;
        }
        case AvailabilityKind::DayCycle:
            level_ = std::exp(profile.level_sigma * random_.normal());
            break;
        case AvailabilityKind::Trace:
            break;
    }
}

Presence presence_of(const AvailabilityProfile* pattern, std::uint64_t seed, std::int32_t device) {
    static const AvailabilityProfile always;
    return {pattern != nullptr ? *pattern : always, seed, device};
}

bool Presence::advance() {
    switch (profile_->kind) {
        case AvailabilityKind::Always:
            return false;
        case AvailabilityKind::Daily:
            return advance_daily();
        case AvailabilityKind::Markov:
            return advance_markov();
        case AvailabilityKind::DayCycle:
            return advance_day_cycle();
        case AvailabilityKind::Trace:
            return advance_trace();
    }
    return false;
}

bool Presence::advance_daily() {
    const Duration from = seconds(profile_->daily_from_s, profile_->name);
    Duration to = seconds(profile_->daily_to_s, profile_->name);
    if (to <= from) to += kDay;
    on_ = Time(kDay * next_ + from + shift_);
    off_ = Time(kDay * next_ + to + shift_);
    ++next_;
    return true;
}

bool Presence::advance_markov() {
    on_ = off_ + seconds(-profile_->mean_off_s * std::log1p(-random_.uniform()), profile_->name);
    off_ = on_ + seconds(-profile_->mean_on_s * std::log1p(-random_.uniform()), profile_->name);
    return true;
}

bool Presence::slot_is_on(std::int64_t slot) const {
    const double time_s = static_cast<double>(slot) * profile_->slot_s;
    const double cycle = 0.4 * std::sin(2 * std::numbers::pi * time_s / kDaySeconds) + 0.5;
    RandomStream draw(seed_, Purpose::AvailabilitySlot, static_cast<std::uint64_t>(device_),
                      static_cast<std::uint32_t>(slot));
    return draw.uniform() < std::min(1.0, level_ * cycle);
}

bool Presence::advance_day_cycle() {
    const Duration slot = seconds(profile_->slot_s, profile_->name);
    while (!slot_is_on(next_)) ++next_;
    on_ = Time(slot * next_);
    // A day at most, so that a device that is always on is no endless loop.
    const std::int64_t most = next_ + std::max<std::int64_t>(1, kDay / slot);
    while (next_ < most && slot_is_on(next_)) ++next_;
    off_ = Time(slot * next_);
    return true;
}

bool Presence::advance_trace() {
    const AvailabilityTrace& trace = *profile_->trace;
    const auto& spans = trace.devices[static_cast<std::size_t>(device_) % trace.devices.size()];
    if (spans.empty()) return false;
    const auto count = static_cast<std::int64_t>(spans.size());
    const auto& span = spans[static_cast<std::size_t>(next_ % count)];
    on_ = Time(trace.period * (next_ / count) + span.first);
    off_ = Time(trace.period * (next_ / count) + span.second);
    ++next_;
    return true;
}

std::optional<Time> Presence::next_on(Time time) {
    time = std::max(time, join_);
    while (off_ <= time)
        if (!advance()) return std::nullopt;
    return std::max(time, on_);
}

std::optional<Time> Presence::off_before(Time start, Time end) {
    next_on(start);
    while (off_ < end) {
        const Time off = off_;
        if (!advance() || on_ > off) return off;
        // else a span that begins where this one ends: it goes on
    }
    return std::nullopt;
}

AvailabilityTrace parse_availability_trace(std::string_view text,
                                           const std::string& name,
                                           double period_s) {
    AvailabilityTrace trace;
    trace.period = seconds(period_s, name);
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
            header = trace.devices.empty() && i == 0 && word == "device";
            if (header) break;
            refuse(fmt::format("'{}': accepted: {}", printable(word), kAccepted));
        }
        if (header) continue;
        const auto device = static_cast<std::size_t>(values[0]);
        if (static_cast<double>(device) != values[0] || device >= kMostDevices)
            refuse(fmt::format("device {}: accepted: whole numbers below {}", values[0],
                               kMostDevices));
        if (device >= trace.devices.size()) trace.devices.resize(device + 1);
        const AvailabilityTrace::Span span{seconds(values[1], name), seconds(values[2], name)};
        auto& spans = trace.devices[device];
        if (span.second <= span.first) refuse("the device goes off before it comes on");
        if (!spans.empty() && span.first < spans.back().second)
            refuse("the span begins before the device's last one ends");
        if (span.second > trace.period)
            refuse(fmt::format("the span ends after the period of {} s", period_s));
        spans.push_back(span);
    }
    if (trace.devices.empty())
        throw DataError(fmt::format("{}: no line; accepted: {}", name, kAccepted));
    return trace;
}

AvailabilityTrace read_availability_trace(const std::string& path, double period_s) {
    return parse_availability_trace(read_text_file(path, kAccepted), path, period_s);
}

}  // namespace mobi
