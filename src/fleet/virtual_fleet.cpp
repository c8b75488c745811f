// SPDX-License-Identifier: Apache-2.0
#include "fleet/virtual_fleet.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"
#include "core/long_work.hpp"
#include "device/hopeless.hpp"
#include "fleet/event_queue.hpp"
#include "fleet/processor.hpp"
#include "fleet/quiet_span.hpp"
#include "fleet/roster.hpp"
#include "fleet/task_book.hpp"
#include "fleet/transfers.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;

std::size_t index(std::int32_t number) {
    return static_cast<std::size_t>(number);
}

Leg leg_of(Way way) {
    return way == Way::Up ? Leg::Upload : Leg::Download;
}

Charges charges_of(Way way, std::int64_t bytes) {
    return way == Way::Up ? Charges{0, bytes} : Charges{bytes, 0};
}

/// A device between its two ways: its tasks, and what its processor does.
struct DeviceState {
    DeviceState(const FleetDevice& device, std::uint64_t seed) : processor(device, seed) {}

    Processor processor;
    std::int32_t first_task = -1, last_task = -1;  // that are not behind the processor
    std::int32_t fetching = -1;                    // the task that the downlink is at
    Line in_air;                                   // jobs whose download has not arrived yet
    Line received;                                 // and those that wait for the processor
    std::int32_t job = -1;                         // in it
    Processor::Attempt attempt{};
    std::uint32_t version = 0;  // of the attempt
    std::optional<Time> emptied;
    bool gone = false;
};

}  // namespace

/// The event loop.  Devices are named by their place among those that the fleet was made of.
class VirtualFleet::State final : private TransferListener {
  public:
    State(std::span<const FleetDevice> devices, const FleetClockParameters& parameters)
        : members_(devices.begin(), devices.end()),
          transfers_(
              members_, parameters.seed, parameters.server_bytes_per_s, book_, wake_ups_, *this),
          seed_(parameters.seed) {
        devices_.reserve(members_.size());
        for (const FleetDevice& device : members_) {
            MOBI_CHECK(device.id.index() >= places_.size(), "devices out of order");
            places_.resize(device.id.index() + 1, -1);
            places_.back() = static_cast<std::int32_t>(devices_.size());
            devices_.emplace_back(device, parameters.seed);
        }
    }

    void assign(DeviceTask task);
    void recall(TaskId id, Time at);
    void promise_quiet(Time until);
    const FleetEvent* next(Time until) {
        if (shown_ == foreseen_.size()) return advance(until);
        return foreseen_[shown_].at <= until ? &foreseen_[shown_++] : nullptr;
    }
    void forecast(const std::function<bool(const FleetEvent&)>& look);
    std::optional<Time> next_presence(Time time) { return roster().next(time); }
    std::vector<DeviceId> present(Time time) { return roster().at(time); }

    std::optional<Time> emptied(DeviceId device) const {
        return devices_[index(place_of(device))].emptied;
    }

  private:
    const FleetEvent* advance(Time until);
    Roster& roster();
    std::int32_t place_of(DeviceId device) const {
        MOBI_CHECK(
            device.value() >= 0 && device.index() < places_.size() && places_[device.index()] >= 0,
            "the fleet has no device {}", device.value());
        return places_[device.index()];
    }

    // What happens, by the order of a part's legs.
    void wake_up();
    void feed_downlink(std::int32_t place);
    void feed_processor(std::int32_t place);
    void compute(std::int32_t place, std::optional<Processor::Attempt> attempt);
    void end_computation(std::int32_t place);
    void send(std::int32_t place, std::int32_t job);
    void carried(std::int32_t place, Way way, std::int32_t job) override;
    void cut_off(std::int32_t place,
                 Way way,
                 std::int32_t job,
                 Time start,
                 Time at,
                 std::int64_t bytes) override;
    void gone(std::int32_t place, Time at) override;

    Instant next_wake_up() const;
    std::int32_t island_of(const WakeUp& what) const;
    void end_quiet(Time at);
    void run_up_to(Time at);
    void pass_processor(DeviceState& device);
    void unlink(DeviceState& device, std::int32_t slot);
    void stop_working(std::int32_t place, Time at);
    void stop_task(std::int32_t place, std::int32_t slot, Time at);
    FleetEvent event_of(const Job& job, Time at, Outcome outcome) const;
    void tell_stopped(
        std::int32_t job, Leg leg, Time start, Time at, Charges charges, Outcome outcome);
    void tell_end(std::int32_t job, Time at, Outcome outcome);
    void tell_unfinished(std::int32_t job, Leg next, Time at);
    void tell_in_air(std::int32_t slot, Time at);
    bool take_event();
    void retire_if_over(std::int32_t slot);

    const std::vector<FleetDevice> members_;
    std::vector<DeviceState> devices_;
    std::vector<std::int32_t> places_;  // by device id; -1: none
    TaskBook book_;
    WakeUps wake_ups_;
    EventQueue events_;
    Transfers transfers_;
    FleetEvent told_;  // the last event
    std::int64_t told_events_ = 0;
    std::vector<FleetEvent> foreseen_;  // by forecast(), and not all told yet
    std::size_t shown_ = 0;             // of them
    Time now_{};                        // of the last wake-up
    std::optional<Roster> roster_;      // once somebody asks who is on
    std::uint64_t seed_;
    QuietSpan quiet_;
    LongWork planning_{"planning: instants of the fleet"};
    std::int64_t instants_ = 0;
    std::size_t parts_ = 0;     // of all tasks
    std::size_t cut_offs_ = 0;  // attempts
};

// ---- the interface --------------------------------------------------------------------------

void VirtualFleet::State::assign(DeviceTask task) {
    const std::int32_t place = place_of(task.device);
    for (const Part& part : task.parts)
        MOBI_CHECK(part.down_bytes > 0 || part.computes() || part.up_bytes > 0,
                   "task {} has a part that does nothing", task.id.value());
    MOBI_CHECK(!task.parts.empty() && task.ready >= told_.at, "task {} comes too late",
               task.id.value());
    end_quiet(task.ready);
    const Time ready = task.ready;
    parts_ += task.parts.size();
    const std::int32_t slot = book_.add(std::move(task));
    DeviceState& device = devices_[index(place)];
    if (device.first_task < 0)
        device.first_task = slot;
    else
        book_.task(device.last_task).next = slot;
    device.last_task = slot;
    if (device.fetching < 0) device.fetching = slot;
    wake_ups_.push({instant(ready), Wake::Ready, place, 0});
}

void VirtualFleet::State::recall(TaskId id, Time at) {
    const std::int32_t slot = book_.find(id);
    if (slot < 0 || book_.task(slot).recalled) return;
    end_quiet(at);
    run_up_to(at);
    const std::int32_t place = place_of(book_.task(slot).task.device);
    book_.task(slot).recalled = true;
    book_.task(slot).open = 0;
    tell_in_air(slot, at);
    stop_task(place, slot, at);
    unlink(devices_[index(place)], slot);
    retire_if_over(slot);
    transfers_.go_on(place);
    feed_downlink(place);
    feed_processor(place);
}

void VirtualFleet::State::promise_quiet(Time until) {
    if (until <= quiet_.until() || transfers_.islands().count() < 2) return;
    quiet_.begin(until, wake_ups_, [this](const WakeUp& what) { return island_of(what); });
}

void VirtualFleet::State::forecast(const std::function<bool(const FleetEvent&)>& look) {
    foreseen_.erase(foreseen_.begin(), foreseen_.begin() + static_cast<std::ptrdiff_t>(shown_));
    shown_ = 0;
    while (const FleetEvent* const event = advance(Time::max())) foreseen_.push_back(*event);
    for (const FleetEvent& event : foreseen_)
        if (!look(event)) return;
}

const FleetEvent* VirtualFleet::State::advance(Time until) {
    while (true) {
        if (!events_.empty() && next_wake_up() > half_past(events_.next_at())) {
            if (events_.next_at() > until) return nullptr;
            if (take_event()) return &told_;
        } else if (wake_ups_.empty() && quiet_.empty()) {
            transfers_.check_that_all_ended();
            return nullptr;
        } else if (next_wake_up() > half_past(until)) {
            return nullptr;
        } else if (quiet_.empty()) {
            wake_up();
        } else {
            quiet_.run_window(wake_ups_, [this] { wake_up(); });
        }
    }
}

Instant VirtualFleet::State::next_wake_up() const {
    return wake_ups_.empty() ? quiet_.next() : std::min(wake_ups_.top().at, quiet_.next());
}

std::int32_t VirtualFleet::State::island_of(const WakeUp& what) const {
    std::int32_t place = what.index;
    if (what.kind == Wake::Received) {
        const std::int32_t slot = book_.job(what.index).slot;
        if (slot < 0) return 0;  // stale
        place = place_of(book_.task(slot).task.device);
    } else if (what.kind != Wake::ComputeEnd && what.kind != Wake::Ready) {
        place = transfers_.place_of(what);
    }
    return transfers_.islands().of(place);
}

Roster& VirtualFleet::State::roster() {
    if (roster_) return *roster_;
    roster_.emplace(members_, seed_);
    for (std::size_t i = 0; i < devices_.size(); ++i)
        if (devices_[i].emptied) roster_->remove(static_cast<std::int32_t>(i));
    return *roster_;
}

// ---- what is told -----------------------------------------------------------------------------

FleetEvent VirtualFleet::State::event_of(const Job& job, Time at, Outcome outcome) const {
    const DeviceTask& task = book_.task(job.slot).task;
    FleetEvent event;
    event.at = at;
    event.task = task.id;
    event.device = task.device;
    event.part = job.part;
    event.outcome = outcome;
    event.times = job.times;
    event.charges = job.charges;
    return event;
}

/// The part is over, one way or the other.
void VirtualFleet::State::tell_end(std::int32_t job, Time at, Outcome outcome) {
    const std::int32_t slot = book_.job(job).slot;
    events_.push(event_of(book_.job(job), at, outcome), slot);
    --book_.task(slot).open;
    ++book_.task(slot).untold;
    book_.end_job(job);
}

/// An attempt at a leg has failed.
void VirtualFleet::State::tell_stopped(
    std::int32_t job, Leg leg, Time start, Time at, Charges charges, Outcome outcome) {
    FleetEvent event = event_of(book_.job(job), at, outcome);
    event.leg = leg;
    event.start = start;
    event.charges = charges;
    event.before = book_.job(job).charges;
    events_.push(event, book_.job(job).slot);
    if (outcome == Outcome::CutOff) refuse_endless_losses(++cut_offs_, parts_);
}

/// A recalled part whose next leg has not begun: told if one before it has been charged.
void VirtualFleet::State::tell_unfinished(std::int32_t job, Leg next, Time at) {
    const Job& one = book_.job(job);
    const bool computed = next == Leg::Upload && one.times.compute_end > one.times.compute_start;
    if (computed || one.charges.down_bytes > 0)
        tell_stopped(job, next, at, at, {}, Outcome::Recalled);
}

/// Uploads of a recalled task that have been sent and have not arrived.
void VirtualFleet::State::tell_in_air(std::int32_t slot, Time at) {
    if (book_.task(slot).untold == 0) return;
    for (FleetEvent event : events_.of(slot)) {
        if (event.outcome != Outcome::Done || event.charges.up_bytes == 0) continue;
        event.outcome = Outcome::Recalled;
        event.leg = Leg::Upload;
        event.at = at;
        event.start = event.times.send_start;
        event.before = {event.charges.down_bytes, 0};
        event.charges = {0, event.charges.up_bytes};
        events_.push(event, slot);
    }
}

/// \return  whether it is to be told: nobody waits for what a recalled task has sent.
bool VirtualFleet::State::take_event() {
    const auto [event, slot] = events_.pop();
    const bool of_attempt = event.outcome == Outcome::CutOff || event.outcome == Outcome::Recalled;
    bool told = true;
    if (!of_attempt) {
        --book_.task(slot).untold;
        told = !book_.task(slot).recalled;
        retire_if_over(slot);
    }
    if (told) {
        told_ = event;
        told_.id = EventId(told_events_++);
    }
    return told;
}

void VirtualFleet::State::retire_if_over(std::int32_t slot) {
    const TaskSlot& task = book_.task(slot);
    if (task.open == 0 && task.untold == 0) book_.retire(slot);
}

// ---- what happens -----------------------------------------------------------------------------

/// Something comes at `at`.
void VirtualFleet::State::end_quiet(Time at) {
    MOBI_CHECK(quiet_.empty() || at >= quiet_.until(), "against a promise");
    while (!quiet_.empty()) quiet_.run_window(wake_ups_, [this] { wake_up(); });
}

void VirtualFleet::State::run_up_to(Time at) {
    while (!wake_ups_.empty() && wake_ups_.top().at <= half_past(at)) wake_up();
    now_ = std::max(now_, at);
}

void VirtualFleet::State::wake_up() {
    planning_.step(++instants_, 0);
    const WakeUp what = wake_ups_.top();
    wake_ups_.pop();
    now_ = rounded(what.at);
    switch (what.kind) {
        case Wake::Received: {
            if (book_.job(what.index).version != what.version) return;
            const std::int32_t place = place_of(book_.task(book_.job(what.index).slot).task.device);
            DeviceState& device = devices_[index(place)];
            book_.push(device.received, book_.pop(device.in_air));  // in the order sent
            feed_processor(place);
            return;
        }
        case Wake::ComputeEnd:
            if (devices_[index(what.index)].version == what.version) end_computation(what.index);
            return;
        case Wake::Ready:
            if (devices_[index(what.index)].gone) return stop_working(what.index, now_);
            feed_downlink(what.index);
            feed_processor(what.index);
            return;
        default:
            transfers_.wake_up(what);
    }
}

/// Has the downlink begin the next part that fetches something, one at a time.
void VirtualFleet::State::feed_downlink(std::int32_t place) {
    DeviceState& device = devices_[index(place)];
    while (device.fetching >= 0) {
        TaskSlot& slot = book_.task(device.fetching);
        if (index(slot.fetched) == slot.task.parts.size()) {
            device.fetching = slot.next;
            continue;
        }
        const Part& part = slot.task.parts[index(slot.fetched)];
        if (part.down_bytes > 0) {
            if (slot.task.ready > now_ || !transfers_.idle(place, Way::Down)) return;
            const std::int32_t job = book_.begin_job(device.fetching, slot.fetched++);
            book_.job(job).ready = std::max(slot.task.ready, now_);
            transfers_.enqueue(place, Way::Down, job, part.down_bytes);
            return;
        }
        ++slot.fetched;
    }
}

/// Has the processor begin the next part, or passes it on when it computes nothing.
void VirtualFleet::State::feed_processor(std::int32_t place) {
    DeviceState& device = devices_[index(place)];
    while (device.job < 0 && device.first_task >= 0) {
        const std::int32_t slot = device.first_task;
        TaskSlot& task = book_.task(slot);
        if (index(task.computed) == task.task.parts.size()) {
            pass_processor(device);
            continue;
        }
        const Part& part = task.task.parts[index(task.computed)];
        std::int32_t job = -1;
        if (part.down_bytes > 0) {
            if (device.received.first < 0) return;
            job = book_.pop(device.received);
        } else {
            if (task.task.ready > now_) return;
            job = book_.begin_job(slot, task.computed);
        }
        ++task.computed;
        if (part.computes()) {
            device.job = job;
            compute(place, device.processor.begin(part.compute, now_));
            return;
        }
        book_.job(job).times.compute_start = book_.job(job).times.compute_end = now_;
        send(place, job);
    }
}

void VirtualFleet::State::compute(std::int32_t place, std::optional<Processor::Attempt> attempt) {
    if (!attempt) return gone(place, now_);
    DeviceState& device = devices_[index(place)];
    device.attempt = *attempt;
    wake_ups_.push({instant(attempt->end), Wake::ComputeEnd, place, ++device.version});
}

void VirtualFleet::State::end_computation(std::int32_t place) {
    DeviceState& device = devices_[index(place)];
    const Processor::Attempt attempt = device.attempt;
    device.processor.end(attempt.end);
    const std::int32_t job = device.job;
    if (attempt.cut_off) {
        tell_stopped(job, Leg::Compute, attempt.start, attempt.end, {}, Outcome::CutOff);
        if (!attempt.emptied) return compute(place, device.processor.repeat());
        device.emptied = attempt.end;
        if (roster_) roster_->remove(place);
        return stop_working(place, attempt.end);
    }
    book_.job(job).times.compute_start = attempt.start;
    book_.job(job).times.compute_end = attempt.end;
    device.job = -1;
    send(place, job);
    feed_processor(place);
}

void VirtualFleet::State::send(std::int32_t place, std::int32_t job) {
    Job& one = book_.job(job);
    const std::int64_t bytes = book_.task(one.slot).task.parts[index(one.part)].up_bytes;
    one.ready = one.times.compute_end;
    one.times.send_start = one.times.send_end = one.times.arrival = one.ready;
    if (bytes == 0) return tell_end(job, one.ready, Outcome::Done);
    devices_[index(place)].processor.pay_for_sending(bytes);
    transfers_.enqueue(place, Way::Up, job, bytes);
}

void VirtualFleet::State::carried(std::int32_t place, Way way, std::int32_t job) {
    Job& one = book_.job(job);
    if (way == Way::Up) {
        one.times.arrival = transfers_.arrival(place, way, job);
        return tell_end(job, one.times.arrival, Outcome::Done);
    }
    one.times.received = one.ready = transfers_.arrival(place, way, job);
    book_.push(devices_[index(place)].in_air, job);
    wake_ups_.push({instant(one.ready), Wake::Received, job, one.version});
    feed_downlink(place);
}

void VirtualFleet::State::cut_off(
    std::int32_t, Way way, std::int32_t job, Time start, Time at, std::int64_t bytes) {
    tell_stopped(job, leg_of(way), start, at, charges_of(way, bytes), Outcome::CutOff);
}

// ---- tasks that end before they are done --------------------------------------------------------

/// The device never comes back.
void VirtualFleet::State::gone(std::int32_t place, Time at) {
    at = std::max(at, now_);
    for (const std::int32_t job : transfers_.take(place, Way::Up, kAllTasks, at).jobs)
        tell_end(job, at, Outcome::Gone);
    stop_working(place, at);
}

/// It fetches and computes no more; what it has computed it may still send.
void VirtualFleet::State::stop_working(std::int32_t place, Time at) {
    DeviceState& device = devices_[index(place)];
    device.gone = true;
    for (const std::int32_t job : transfers_.take(place, Way::Down, kAllTasks, at).jobs)
        tell_end(job, at, Outcome::Gone);
    for (Line* line : {&device.in_air, &device.received})
        while (line->first >= 0) tell_end(book_.pop(*line), at, Outcome::Gone);
    if (device.job >= 0) tell_end(std::exchange(device.job, -1), at, Outcome::Gone);
    ++device.version;
    for (std::int32_t slot = device.first_task; slot >= 0;) {
        const std::int32_t following = book_.task(slot).next;
        const auto parts = static_cast<std::int32_t>(book_.task(slot).task.parts.size());
        for (std::int32_t part = book_.task(slot).computed; part < parts; ++part) {
            const TaskSlot& task = book_.task(slot);
            const bool told = task.task.parts[index(part)].down_bytes > 0 && part < task.fetched;
            if (!told) tell_end(book_.begin_job(slot, part), at, Outcome::Gone);
        }
        slot = following;
    }
    device.first_task = device.last_task = device.fetching = -1;
    transfers_.go_on(place);  // over half duplex an upload may have waited for the download
}

/// The device stops what it does for the task, wherever it is.
void VirtualFleet::State::stop_task(std::int32_t place, std::int32_t slot, Time at) {
    DeviceState& device = devices_[index(place)];
    for (const Way way : {Way::Down, Way::Up}) {
        const Transfers::Taken taken = transfers_.take(place, way, slot, at);
        if (taken.stopped)
            tell_stopped(taken.jobs.front(), leg_of(way), taken.start, at,
                         charges_of(way, taken.bytes), Outcome::Recalled);
        for (std::size_t i = 0; i < taken.jobs.size(); ++i) {
            if (i > 0 || !taken.stopped) tell_unfinished(taken.jobs[i], leg_of(way), at);
            book_.end_job(taken.jobs[i]);
        }
    }
    for (Line* line : {&device.in_air, &device.received})
        for (const std::int32_t job : book_.take(*line, slot)) {
            tell_unfinished(job, Leg::Compute, at);
            book_.end_job(job);
        }
    if (device.job < 0 || book_.job(device.job).slot != slot) return;
    ++device.version;
    if (device.attempt.start < at) {
        device.processor.end(at);
        tell_stopped(device.job, Leg::Compute, device.attempt.start, at, {}, Outcome::Recalled);
    } else {
        device.processor.cancel();
        tell_unfinished(device.job, Leg::Compute, at);
    }
    book_.end_job(std::exchange(device.job, -1));
}

void VirtualFleet::State::unlink(DeviceState& device, std::int32_t slot) {
    if (device.fetching == slot) device.fetching = book_.task(slot).next;
    if (device.first_task == slot) return pass_processor(device);
    for (std::int32_t before = device.first_task; before >= 0; before = book_.task(before).next)
        if (book_.task(before).next == slot) {
            book_.task(before).next = book_.task(slot).next;
            if (device.last_task == slot) device.last_task = before;
            return;
        }
}

void VirtualFleet::State::pass_processor(DeviceState& device) {
    device.first_task = book_.task(device.first_task).next;
    if (device.first_task < 0) device.last_task = -1;
}

// ---- VirtualFleet -------------------------------------------------------------------------------

VirtualFleet::VirtualFleet(std::span<const FleetDevice> devices,
                           const FleetClockParameters& parameters)
    : state_(std::make_unique<State>(devices, parameters)) {}

VirtualFleet::~VirtualFleet() = default;

void VirtualFleet::assign(DeviceTask task) {
    state_->assign(std::move(task));
}

void VirtualFleet::recall(TaskId task, Time at) {
    state_->recall(task, at);
}

void VirtualFleet::promise_quiet(Time until) {
    state_->promise_quiet(until);
}

const FleetEvent* VirtualFleet::next(Time until) {
    return state_->next(until);
}

void VirtualFleet::forecast(const std::function<bool(const FleetEvent&)>& look) {
    state_->forecast(look);
}

std::optional<Time> VirtualFleet::next_presence(Time time) {
    return state_->next_presence(time);
}

std::vector<DeviceId> VirtualFleet::present(Time time) {
    return state_->present(time);
}

std::optional<Time> VirtualFleet::emptied(DeviceId device) const {
    return state_->emptied(device);
}

}  // namespace mobi
