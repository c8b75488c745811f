// SPDX-License-Identifier: Apache-2.0
#include "fleet/transfers.hpp"

#include <algorithm>
#include <cmath>

#include "core/virtual_time.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;

std::size_t index_of(Way way) {
    return static_cast<std::size_t>(way);
}

/// An end of a shared transfer that is a whole nanosecond, or half-way between two, but for the
/// rounding of sums: whether it is counted up must not depend on that.
Instant without_noise(Instant end) {
    constexpr Instant kNoise = 1e-6L;
    const Instant near = std::round(2 * end) / 2;
    return std::abs(end - near) < kNoise ? near : end;
}

Way other(Way way) {
    return way == Way::Up ? Way::Down : Way::Up;
}

}  // namespace

Transfers::Transfers(std::span<const FleetDevice> devices,
                     std::uint64_t seed,
                     double server_bytes_per_s,
                     TaskBook& book,
                     WakeUps& wake_ups,
                     TransferListener& listener)
    : radio_free_(devices.size()),
      shared_{SharedWays(devices, Way::Down, server_bytes_per_s),
              SharedWays(devices, Way::Up, server_bytes_per_s)},
      book_(book),
      wake_ups_(wake_ups),
      listener_(listener) {
    states_.reserve(2 * devices.size());
    for (const FleetDevice& device : devices)
        for (const Way way : {Way::Down, Way::Up})
            states_.push_back({LinkWay(device, way, seed), {}});
    for (const Way way : {Way::Down, Way::Up})
        link_ends_[index_of(way)].resize(static_cast<std::size_t>(shared(way).links()));
    std::vector<const std::vector<std::int32_t>*> sharing;
    for (SharedWays& ways : shared_)
        for (std::int32_t link = 0; link < ways.links(); ++link)
            sharing.push_back(&ways.members(link));
    islands_ = Islands(devices.size(), sharing);
}

void Transfers::enqueue(std::int32_t place, Way way, std::int32_t job, std::int64_t charged_bytes) {
    State& one = state(number(place, way));
    book_.job(job).draw = one.way.draw(charged_bytes);
    book_.push(one.waiting, job);
    start_next({place, way});
}

bool Transfers::idle(std::int32_t place, Way way) const {
    const State& one = states_[static_cast<std::size_t>(number(place, way))];
    return one.job < 0 && one.waiting.first < 0;
}

std::int32_t Transfers::place_of(const WakeUp& what) const {
    const Place at = place_of(what.index);
    if (what.kind != Wake::LinkEnd) return at.place;
    return shared_[index_of(at.way)].members(at.place).front();
}

Time Transfers::arrival(std::int32_t place, Way way, std::int32_t job) {
    const Job& one = book_.job(job);
    return state(number(place, way))
        .way.arrival(way == Way::Up ? one.times.send_end : one.times.receive_end, one.draw);
}

void Transfers::wake_up(const WakeUp& what) {
    if (what.kind == Wake::LinkEnd) {
        const Place link = place_of(what.index);  // the link's number and its way
        if (link_ends_[index_of(link.way)][static_cast<std::size_t>(link.place)].version ==
            what.version)
            end_flow(link.way, link.place);
        return;
    }
    if (state(what.index).version != what.version) return;
    const Place at = place_of(what.index);
    if (what.kind == Wake::TransferEnd) end_own(at);
    if (what.kind == Wake::OwnRate) change_rate(at, what.at);
    if (what.kind == Wake::Look) look(at, what.at);
    if (what.kind == Wake::TransferStart) begin_flow(at, what.at);
}

void Transfers::plan(Place at, Wake kind, Instant when) {
    const std::int32_t which = number(at.place, at.way);
    wake_ups_.push({when, kind, which, state(which).version});
}

void Transfers::start_next(Place at) {
    State& one = state(number(at.place, at.way));
    if (one.job >= 0 || one.waiting.first < 0) return;
    if (one.way.link().duplex == Duplex::Half) {
        const State& opposite = state(number(at.place, other(at.way)));
        if (opposite.job >= 0) return;  // it starts this one when it ends
        const auto ready = [&](const State& way) { return book_.job(way.waiting.first).ready; };
        const bool first = opposite.waiting.first < 0 || ready(one) < ready(opposite) ||
                           (ready(one) == ready(opposite) && at.way == Way::Down);
        if (!first) return start_next({at.place, other(at.way)});
    }
    one.job = book_.pop(one.waiting);
    attempt(at);
}

void Transfers::attempt(Place at) {
    State& one = state(number(at.place, at.way));
    const Job& job = book_.job(one.job);
    const Time ready = std::max({job.ready, rounded(std::ceil(one.way.free())),
                                 radio_free_[static_cast<std::size_t>(at.place)]});
    const bool alone = shared(at.way).place_of(at.place).link < 0;
    const auto found = alone ? one.way.attempt(ready, job.draw) : one.way.wake(ready);
    ++one.version;
    if (!found) {
        one.attempt.start = Time::max();  // never
        listener_.gone(at.place, ready);
        return;
    }
    one.attempt = *found;
    one.flowing = false;
    if (alone)
        plan(at, Wake::TransferEnd, instant(one.attempt.end));
    else if (one.attempt.cut_off)
        plan(at, Wake::Look, instant(one.attempt.end));
    else
        plan(at, Wake::TransferStart, one.way.first_byte(one.attempt, job.ready));
}

void Transfers::begin_flow(Place at, Instant now) {
    State& one = state(number(at.place, at.way));
    const SharedWays::Place link = shared(at.way).place_of(at.place);
    const Job& job = book_.job(one.job);
    const LinkWay::OwnRate own = one.way.own_rate(now, job.draw);
    if (std::isnan(own.bytes_per_s))  // no figure: the error of a link of one's own
        one.way.attempt(one.attempt.start, job.draw);
    one.flowing = true;
    ++flows_;
    shared(at.way).link(link.link).start(link.member, own.bytes_per_s, job.draw.bytes, now);
    if (own.until != kNever) plan(at, Wake::OwnRate, own.until);
    look_ahead(at, one.attempt.begin);
    plan_link_end(at.way, link.link);
}

void Transfers::look_ahead(Place at, Time from) {
    const Time look = state(number(at.place, at.way)).way.next_look(from);
    if (look != Time::max()) plan(at, Wake::Look, instant(look));
}

void Transfers::change_rate(Place at, Instant now) {
    State& one = state(number(at.place, at.way));
    const SharedWays::Place link = shared(at.way).place_of(at.place);
    const LinkWay::OwnRate own = one.way.own_rate(now, book_.job(one.job).draw);
    shared(at.way).link(link.link).set_own_rate(link.member, own.bytes_per_s, now);
    if (own.until != kNever) plan(at, Wake::OwnRate, own.until);
    plan_link_end(at.way, link.link);
}

void Transfers::look(Place at, Instant now) {
    State& one = state(number(at.place, at.way));
    const Time off = rounded(now);
    if (!one.flowing) {  // before the radio was awake
        lose(at, off, 0);
        return;
    }
    if (!one.way.goes_off(one.attempt, off)) {
        look_ahead(at, off);
        return;
    }
    const Instant left = stop_flow(at, now);
    lose(at, off, book_.job(one.job).draw.bytes - static_cast<std::int64_t>(std::ceil(left)));
}

void Transfers::end_own(Place at) {
    State& one = state(number(at.place, at.way));
    const Time end = one.attempt.end;
    if (one.attempt.cut_off)
        lose(at, end, one.way.carried_by(one.attempt, end, book_.job(one.job).draw));
    else
        finish(at, instant(end));
}

void Transfers::end_flow(Way way, std::int32_t link) {
    LinkEnd& planned = link_ends_[index_of(way)][static_cast<std::size_t>(link)];
    const Instant due = planned.at;
    planned = {kNever, planned.version + 1};  // the one that this is
    SharedLink::End end = shared(way).link(link).next_end();
    end.at = without_noise(end.at);
    if (end.at > due) return plan_link_end(way, link);
    const Place at{shared(way).device_of(link, end.member), way};
    stop_flow(at, end.at);
    finish(at, end.at);
}

void Transfers::finish(Place at, Instant now) {
    State& one = state(number(at.place, at.way));
    const std::int32_t job = one.job;
    Job& done = book_.job(job);
    one.way.carried(now);
    one.job = -1;
    ++one.version;
    (at.way == Way::Up ? done.times.send_start : done.times.receive_start) = one.attempt.start;
    (at.way == Way::Up ? done.times.send_end : done.times.receive_end) = rounded(now);
    (at.way == Way::Up ? done.charges.up_bytes : done.charges.down_bytes) = done.draw.bytes;
    free_radio(at.place, rounded(now));
    listener_.carried(at.place, at.way, job);
    go_on(at.place);
}

void Transfers::lose(Place at, Time off, std::int64_t bytes) {
    State& one = state(number(at.place, at.way));
    one.way.cut_off(one.attempt, off);
    listener_.cut_off(at.place, at.way, one.job, one.attempt.start, off, bytes);
    one.way.refuse_if_hopeless(one.attempt, off, book_.job(one.job).draw);
    attempt(at);
}

Instant Transfers::stop_flow(Place at, Instant now) {
    State& one = state(number(at.place, at.way));
    const SharedWays::Place link = shared(at.way).place_of(at.place);
    one.flowing = false;
    --flows_;
    const Instant left = shared(at.way).link(link.link).stop(link.member, now);
    plan_link_end(at.way, link.link);
    return left;
}

void Transfers::plan_link_end(Way way, std::int32_t link) {
    LinkEnd& planned = link_ends_[index_of(way)][static_cast<std::size_t>(link)];
    const Instant at = without_noise(shared(way).link(link).next_end().at);
    if (at >= planned.at) return;  // what comes too early plans the next
    planned = {at, planned.version + 1};
    if (at > instant(kHorizon))
        refuse_endless(
            state(
                number(shared(way).device_of(link, shared(way).link(link).next_end().member), way))
                .way.sharing());
    wake_ups_.push({at, Wake::LinkEnd, number(link, way), planned.version});
}

/// Over a half-duplex link the other way begins no earlier.
void Transfers::free_radio(std::int32_t place, Time at) {
    if (state(number(place, Way::Up)).way.link().duplex == Duplex::Half)
        radio_free_[static_cast<std::size_t>(place)] = at;
}

Transfers::Taken Transfers::take(std::int32_t place, Way way, std::int32_t slot, Time at) {
    State& one = state(number(place, way));
    Taken taken;
    if (one.job >= 0 && (slot == kAllTasks || book_.job(one.job).slot == slot)) {
        taken.jobs.push_back(one.job);
        if (one.attempt.start < at || one.flowing) {
            taken.stopped = true;
            taken.start = one.attempt.start;
            taken.bytes = carried_by({place, way}, at);
            one.way.cut_off(one.attempt, at);
        }
        one.job = -1;
        ++one.version;
        free_radio(place, at);
    }
    const std::vector<std::int32_t> waiting = book_.take(one.waiting, slot);
    taken.jobs.insert(taken.jobs.end(), waiting.begin(), waiting.end());
    return taken;
}

/// What the transfer under way has carried; a flow ends with it.
std::int64_t Transfers::carried_by(Place at, Time time) {
    State& one = state(number(at.place, at.way));
    const LinkWay::Draw& draw = book_.job(one.job).draw;
    if (one.flowing)
        return draw.bytes - static_cast<std::int64_t>(std::ceil(stop_flow(at, instant(time))));
    if (shared(at.way).place_of(at.place).link >= 0) return 0;  // the radio is not awake
    return one.way.carried_by(one.attempt, time, draw);
}

void Transfers::go_on(std::int32_t place) {
    start_next({place, Way::Down});
    start_next({place, Way::Up});
}

void Transfers::check_that_all_ended() const {
    if (flows_ == 0) return;
    const auto stuck =
        std::find_if(states_.begin(), states_.end(), [](const State& one) { return one.flowing; });
    refuse_endless(stuck->way.sharing());
}

}  // namespace mobi
