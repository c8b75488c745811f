// SPDX-License-Identifier: Apache-2.0
#include "fleet/link_way.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/virtual_time.hpp"
#include "device/hopeless.hpp"
#include "device/transfer.hpp"
#include "fleet/draws.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

LinkDirection direction_of(const LinkProfile& link, Way way) {
    return way == Way::Up ? uplink(link) : downlink(link);
}

}  // namespace

LinkWay::LinkWay(const FleetDevice& device, Way way, std::uint64_t seed)
    : device_(&device), seed_(seed), way_(way), presence_(device, seed) {
    const RateTrace* const trace = direction().trace;
    if (trace == nullptr) return;
    const Duration offset = trace_offset(trace, device.link->trace_start,
                                         draws_of(seed, Purpose::TraceOffset, device.id));
    traced_ = std::make_unique<Traced>(Traced{offset, TracedLink(*trace, offset), {}});
}

LinkDirection LinkWay::direction() const {
    return direction_of(*device_->link, way_);
}

LinkWay::Draw LinkWay::draw(std::int64_t charged_bytes) {
    const bool up = way_ == Way::Up;
    Draw one;
    one.number = transfers_++;
    RandomStream loss =
        draws_of(seed_, up ? Purpose::LinkLoss : Purpose::DownlinkLoss, device_->id, one.number);
    one.bytes = bytes_with_repeats(charged_bytes, device_->link->loss, loss);
    RandomStream rate =
        draws_of(seed_, up ? Purpose::UplinkRate : Purpose::DownlinkRate, device_->id, one.number);
    one.bytes_per_s = draw_rate(direction(), rate);
    return one;
}

Time LinkWay::arrival(Time end, const Draw& draw) {
    const Purpose purpose = way_ == Way::Up ? Purpose::LinkLatency : Purpose::DownlinkLatency;
    const Duration delay =
        latency(*device_->link, draws_of(seed_, purpose, device_->id, draw.number));
    last_arrival_ = std::max(last_arrival_, later(end, delay, direction().work()));
    return last_arrival_;
}

Duration LinkWay::time_alone(const Draw& draw) const {
    const LinkDirection way = direction();
    const double rate = std::isnan(draw.bytes_per_s) ? way.bytes_per_s : draw.bytes_per_s;
    return transfer_time(way, static_cast<double>(draw.bytes), rate);
}

std::optional<LinkWay::Attempt> LinkWay::attempt(Time ready, const Draw& draw) {
    const std::optional<Time> on = presence_.next_on(ready);
    if (!on) return std::nullopt;
    ++attempts_;
    Attempt one{*on, after_wake_up(*device_->link, *on, last_byte_), {}, false};
    if (traced_) {
        traced_->attempt = traced_->carried;
        one.end = traced_->attempt->send(one.begin, draw.bytes);
    } else {
        one.end = later(one.begin, time_alone(draw), direction().work());
    }
    if (const std::optional<Time> off = presence_.off_before(one.start, one.end)) {
        one.end = *off;
        one.cut_off = true;
    }
    return one;
}

std::optional<LinkWay::Attempt> LinkWay::wake(Time ready) {
    const std::optional<Time> on = presence_.next_on(ready);
    if (!on) return std::nullopt;
    ++attempts_;
    Attempt one{*on, after_wake_up(*device_->link, *on, last_byte_), {}, false};
    one.end = one.begin;
    if (const std::optional<Time> off = presence_.off_before(one.start, one.begin)) {
        one.end = *off;
        one.cut_off = true;
    }
    return one;
}

Instant LinkWay::first_byte(const Attempt& attempt, Time ready) const {
    const bool follows = instant(ready) <= free_ && attempt.begin == rounded(std::ceil(free_));
    return follows ? free_ : instant(attempt.begin);
}

bool LinkWay::goes_off(const Attempt& attempt, Time at) {
    return presence_.off_before(attempt.start, at + Duration(1)).has_value();
}

Time LinkWay::next_look(Time from) const {
    if (presence_.always_on()) return Time::max();
    constexpr Duration kAhead = std::chrono::hours(24);
    const Time until = from > kHorizon - kAhead ? kHorizon : from + kAhead;
    Presence ahead = presence_.cursor();  // a cursor never goes back: the transfer may end before
    return ahead.off_before(from, until).value_or(until);
}

TimedWork LinkWay::sharing() const {
    TimedWork work = direction().work();
    work.keys = "its rate, that of its cell and server.access_rate";
    return work;
}

void LinkWay::carried(Instant at) {
    if (traced_ && traced_->attempt) traced_->carried = *traced_->attempt;
    free_ = at;
    last_byte_ = rounded(at);
    attempts_ = 0;
}

void LinkWay::cut_off(const Attempt& attempt, Time at) {
    free_ = instant(at);
    if (at > attempt.begin) last_byte_ = at;
}

void LinkWay::refuse_if_hopeless(const Attempt& attempt, Time at, const Draw& draw) const {
    const LinkDirection way = direction();
    CutOffWork cut{way.work(), at - attempt.start, false, attempts_};
    if (at <= attempt.begin) {  // the radio was not awake
        cut.need = attempt.begin - attempt.start;
        cut.same_every_time = true;
    } else if (way.trace == nullptr) {  // alone it would go at its own rate
        cut.need = time_alone(draw);
        cut.same_every_time = true;
    }
    refuse_hopeless(presence_.cursor(), cut);
}

std::int64_t LinkWay::carried_by(const Attempt& attempt, Time at, const Draw& draw) const {
    if (at <= attempt.begin) return 0;
    const LinkDirection way = direction();
    if (way.trace != nullptr) {
        const LinkAmount amount =
            way.trace->carried_until(at.time_since_epoch() + offset()) -
            way.trace->carried_until(attempt.begin.time_since_epoch() + offset());
        return static_cast<std::int64_t>(amount / kAmountPerByte);
    }
    const double rate = std::isnan(draw.bytes_per_s) ? way.bytes_per_s : draw.bytes_per_s;
    return static_cast<std::int64_t>(rate *
                                     std::chrono::duration<double>(at - attempt.begin).count());
}

LinkWay::OwnRate LinkWay::own_rate(Instant at, const Draw& draw) const {
    const LinkDirection way = direction();
    if (way.trace == nullptr)
        return {std::isnan(draw.bytes_per_s) ? way.bytes_per_s : draw.bytes_per_s, kNever};
    const auto [bits_per_s, until] =
        way.trace->step_at(rounded(std::floor(at)).time_since_epoch() + offset());
    return {static_cast<double>(bits_per_s) / 8,
            until == Duration::max() ? kNever : static_cast<Instant>((until - offset()).count())};
}

}  // namespace mobi
