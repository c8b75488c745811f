// SPDX-License-Identifier: Apache-2.0
// The fleet's clock as it is described (fleet/virtual_fleet.hpp), simulated tick by tick.
//
// A tick is 1/512 s: whole nanoseconds, and exact in double.  Where rates are whole bytes a tick
// and all times whole ticks, nothing is ever rounded and every event must agree to the nanosecond.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "fleet/fleet_event.hpp"

namespace mobi::test {

using Tick = std::int64_t;

inline constexpr double kTickS = 1.0 / 512;

inline VirtualClock::time_point at_tick(Tick tick) {
    return VirtualClock::time_point(VirtualClock::duration(tick * 1'953'125));
}

/// A device and its link.
struct TickDevice {
    Tick sample_ticks = 1;
    Tick battery_ticks = 0;                            ///< of computing; 0: on mains
    Tick low_ticks = 0;                                ///< below that it rests ...
    Tick rest_ticks = 0;                               ///< ... before every computation
    std::array<std::int64_t, 2> bytes_per_tick{1, 1};  ///< down, up
    Tick latency = 0;
    Tick wake_up = 0, wake_after = 0;
    bool half_duplex = false;
    std::vector<std::pair<Tick, Tick>> on;  ///< in a period; none: always on
    Tick period = 0;

    bool is_on(Tick time) const {
        if (on.empty()) return true;
        const Tick place = time % period;
        return std::any_of(on.begin(), on.end(), [&](const auto& span) {
            return span.first <= place && place < span.second;
        });
    }
};

struct TickPart {
    std::int64_t down_bytes = 0;
    std::int32_t samples = 0;
    std::int64_t up_bytes = 0;
};

/// One device over time, and all its events in the order in which they come about.
class TickSimulation {
  public:
    TickSimulation(const TickDevice& device, std::int32_t id)
        : device_(device), id_(id), battery_(device.battery_ticks) {}

    void assign(std::int64_t task, Tick ready, std::vector<TickPart> parts) {
        tasks_.push_back({task, ready, std::move(parts), 0, 0});
        readies_.insert(ready);
        settle();
    }

    void recall(std::int64_t task) {
        recall_in_air(task);
        for (const std::size_t way : {kDown, kUp}) recall_transfer(task, way);
        const auto of_task = [&](const Job& job) {
            if (job.task == task) unfinished(job, Leg::Compute);
            return job.task == task;
        };
        std::erase_if(in_air_, of_task);
        std::erase_if(received_, of_task);
        if (computing_ && computing_->task == task) {
            if (processor_.started && processor_.start < now_) {
                stopped(*computing_, Outcome::Recalled, Leg::Compute, processor_.start, {});
                battery_ -= now_ - processor_.start;
                processor_free_ = processor_free_before_ = now_;
            } else {
                unfinished(*computing_, Leg::Compute);
                processor_free_ = processor_free_before_;  // it has not rested for it
            }
            computing_.reset();
        }
        std::erase_if(tasks_, [&](const Task& one) { return one.id == task; });
        // nobody waits for what it has sent
        std::erase_if(events_, [&](const FleetEvent& event) {
            return event.task == TaskId(task) && event.at > at_tick(now_) &&
                   (event.outcome == Outcome::Done || event.outcome == Outcome::Gone);
        });
        start_next(kDown);
        start_next(kUp);
        settle();
    }

    /// Everything until `tick`, inclusive; what comes to the device then comes after it.
    void run_until(Tick tick) {
        while (now_ < tick) {
            ++now_;
            settle();
        }
    }

    Tick now() const { return now_; }
    bool idle() const {
        return tasks_.empty() && in_air_.empty() && received_.empty() && !computing_ &&
               !ways_[kDown].job && !ways_[kUp].job && ways_[kDown].waiting.empty() &&
               ways_[kUp].waiting.empty();
    }
    const std::vector<FleetEvent>& events() const { return events_; }
    std::optional<Tick> emptied() const { return emptied_; }

  private:
    static constexpr std::size_t kDown = 0, kUp = 1;

    struct Task {
        std::int64_t id;
        Tick ready;
        std::vector<TickPart> parts;
        std::size_t fetched, computed;
    };
    struct Job {
        std::int64_t task = 0;
        std::int32_t part = 0;
        TickPart work;
        Tick ready = 0;
        PartTimes times;
        Charges charges;
        Tick received = 0;
    };
    struct Attempt {
        Tick earliest = 0;
        bool started = false;
        Tick start = 0, begin = 0, end = 0;
    };
    struct Way {
        std::deque<Job> waiting;
        std::optional<Job> job;
        Attempt attempt;
        Tick free = 0;
        std::optional<Tick> last_byte;
        Tick last_arrival = 0;
    };

    std::int64_t bytes(const Job& job, std::size_t way) const {
        return way == kDown ? job.work.down_bytes : job.work.up_bytes;
    }
    static Charges charges(std::size_t way, std::int64_t bytes) {
        return way == kUp ? Charges{0, bytes} : Charges{bytes, 0};
    }

    FleetEvent& tell(const Job& job, Outcome outcome, Tick at) {
        FleetEvent event;
        event.at = at_tick(at);
        event.task = TaskId(job.task);
        event.device = DeviceId(id_);
        event.part = job.part;
        event.outcome = outcome;
        event.times = job.times;
        event.charges = job.charges;
        events_.push_back(event);
        return events_.back();
    }
    void stopped(const Job& job, Outcome outcome, Leg leg, Tick start, Charges charges) {
        FleetEvent& event = tell(job, outcome, now_);
        event.leg = leg;
        event.start = at_tick(start);
        event.before = job.charges;
        event.charges = charges;
    }

    /// All that happens now: what ends goes before what begins.
    void settle() {
        for (const std::size_t way : {kDown, kUp}) end_transfer(way);
        while (!in_air_.empty() && in_air_.front().received <= now_) {
            received_.push_back(in_air_.front());
            in_air_.pop_front();
            feed_processor();
        }
        do {
            end_computation();
            if (readies_.erase(now_) > 0 && gone_) leave();
            feed_downlink();
            feed_processor();
            for (const std::size_t way : {kDown, kUp}) start_transfer(way);
        } while (start_computation());
    }

    // ---- the two ways --------------------------------------------------------------------------

    void enqueue(std::size_t way, Job job) {
        ways_[way].waiting.push_back(std::move(job));
        start_next(way);
    }

    void start_next(std::size_t way) {
        Way& one = ways_[way];
        if (one.job || one.waiting.empty()) return;
        if (device_.half_duplex) {
            const Way& other = ways_[1 - way];
            if (other.job) return;
            if (!other.waiting.empty()) {
                const Tick mine = one.waiting.front().ready, its = other.waiting.front().ready;
                if (its < mine || (its == mine && way == kUp)) return start_next(1 - way);
            }
        }
        one.job = one.waiting.front();
        one.waiting.pop_front();
        try_again(way);
    }
    void try_again(std::size_t way) {
        Way& one = ways_[way];
        one.attempt = {};
        one.attempt.earliest = std::max({one.job->ready, one.free, radio_free_});
    }
    void start_transfer(std::size_t way) {
        Way& one = ways_[way];
        Attempt& attempt = one.attempt;
        if (!one.job || attempt.started || now_ < attempt.earliest || !device_.is_on(now_)) return;
        attempt.started = true;
        attempt.start = attempt.begin = now_;
        if (!one.last_byte || now_ - *one.last_byte > device_.wake_after)
            attempt.begin += device_.wake_up;
        attempt.end = attempt.begin + bytes(*one.job, way) / device_.bytes_per_tick[way];
    }
    void end_transfer(std::size_t way) {
        Way& one = ways_[way];
        if (!one.job || !one.attempt.started) return;
        if (now_ == one.attempt.end) {
            Job job = *std::exchange(one.job, std::nullopt);
            one.free = now_;
            one.last_byte = now_;
            if (device_.half_duplex) radio_free_ = now_;
            one.last_arrival = std::max(one.last_arrival, now_ + device_.latency);
            if (way == kUp) {
                job.charges.up_bytes = bytes(job, way);
                job.times.send_start = at_tick(one.attempt.start);
                job.times.send_end = at_tick(now_);
                job.times.arrival = at_tick(one.last_arrival);
                tell(job, Outcome::Done, one.last_arrival);
            } else {
                job.charges.down_bytes = bytes(job, way);
                job.times.receive_start = at_tick(one.attempt.start);
                job.times.receive_end = at_tick(now_);
                job.times.received = at_tick(one.last_arrival);
                job.received = one.last_arrival;
                in_air_.push_back(job);
                feed_downlink();
            }
            start_next(kDown);
            start_next(kUp);
        } else if (!device_.is_on(now_)) {
            const Charges lost = carried(way);
            stopped(*one.job, Outcome::CutOff, way == kUp ? Leg::Upload : Leg::Download,
                    one.attempt.start, lost);
            stop_sending(way);
            try_again(way);
        }
    }
    Charges carried(std::size_t way) const {
        const Tick sending = std::max<Tick>(0, now_ - ways_[way].attempt.begin);
        return charges(way, sending * device_.bytes_per_tick[way]);
    }
    void stop_sending(std::size_t way) {
        ways_[way].free = now_;
        if (now_ > ways_[way].attempt.begin) ways_[way].last_byte = now_;
    }
    void recall_transfer(std::int64_t task, std::size_t way) {
        Way& one = ways_[way];
        if (one.job && one.job->task == task) {
            if (one.attempt.started && one.attempt.start < now_) {
                stopped(*one.job, Outcome::Recalled, way == kUp ? Leg::Upload : Leg::Download,
                        one.attempt.start, carried(way));
                stop_sending(way);
            } else {
                unfinished(*one.job, way == kUp ? Leg::Upload : Leg::Download);
            }
            one.job.reset();
        }
        std::erase_if(one.waiting, [&](const Job& job) {
            if (job.task == task) unfinished(job, way == kUp ? Leg::Upload : Leg::Download);
            return job.task == task;
        });
    }

    /// A part of a recalled task between two legs: what it has used is told.
    void unfinished(const Job& job, Leg next) {
        const bool computed =
            next == Leg::Upload && job.times.compute_end > job.times.compute_start;
        if (computed || job.charges.down_bytes > 0) stopped(job, Outcome::Recalled, next, now_, {});
    }

    /// Uploads of a recalled task that have been sent and have not arrived.
    void recall_in_air(std::int64_t task) {
        const std::vector<FleetEvent> known = events_;
        for (FleetEvent event : known) {
            if (event.task != TaskId(task) || event.at <= at_tick(now_)) continue;
            if (event.outcome != Outcome::Done || event.charges.up_bytes == 0) continue;
            event.outcome = Outcome::Recalled;
            event.leg = Leg::Upload;
            event.start = event.times.send_start;
            event.at = at_tick(now_);
            event.before = {event.charges.down_bytes, 0};
            event.charges = {0, event.charges.up_bytes};
            events_.push_back(event);
        }
    }

    void feed_downlink() {
        for (Task& task : tasks_)
            while (task.fetched < task.parts.size()) {
                const TickPart& part = task.parts[task.fetched];
                if (part.down_bytes > 0) {
                    if (task.ready > now_ || ways_[kDown].job || !ways_[kDown].waiting.empty())
                        return;
                    Job job = job_of(task, task.fetched++);
                    job.ready = now_;
                    return enqueue(kDown, job);
                }
                ++task.fetched;
            }
    }

    // ---- the processor -------------------------------------------------------------------------

    Job job_of(const Task& task, std::size_t part) const {
        Job job;
        job.task = task.id;
        job.part = static_cast<std::int32_t>(part);
        job.work = task.parts[part];
        return job;
    }

    void feed_processor() {
        while (!computing_ && !tasks_.empty()) {
            Task& task = tasks_.front();
            if (task.computed == task.parts.size()) {
                tasks_.pop_front();
                continue;
            }
            Job job = job_of(task, task.computed);
            if (job.work.down_bytes > 0) {
                if (received_.empty()) return;
                job = received_.front();
                received_.pop_front();
            } else if (task.ready > now_) {
                return;
            }
            ++task.computed;
            if (job.work.samples > 0) {
                const bool low = battery_ < device_.low_ticks && device_.battery_ticks > 0;
                computing_ = job;
                processor_ = {};
                processor_free_before_ = processor_free_;
                processor_free_ += low ? device_.rest_ticks : 0;
                processor_.earliest = std::max(processor_free_, now_);
                return;
            }
            job.times.compute_start = job.times.compute_end = at_tick(now_);
            send(job);
        }
    }
    bool start_computation() {
        if (!computing_ || processor_.started || now_ < processor_.earliest || !device_.is_on(now_))
            return false;
        processor_.started = true;
        processor_.start = now_;
        processor_.end = now_ + computing_->work.samples * device_.sample_ticks;
        return device_.battery_ticks > 0 && battery_ == 0;  // empty at once
    }
    void end_computation() {
        if (!computing_ || !processor_.started) return;
        const Tick worked = now_ - processor_.start;
        if (now_ == processor_.end) {
            battery_ -= worked;
            processor_free_ = processor_free_before_ = now_;
            Job job = *std::exchange(computing_, std::nullopt);
            job.times.compute_start = at_tick(processor_.start);
            job.times.compute_end = at_tick(now_);
            send(job);
            return feed_processor();
        }
        const bool off = !device_.is_on(now_);
        const bool empty = device_.battery_ticks > 0 && worked == battery_ && !off;
        if (!off && !empty) return;
        stopped(*computing_, Outcome::CutOff, Leg::Compute, processor_.start, {});
        battery_ -= worked;
        processor_free_ = processor_free_before_ = now_;
        processor_ = {};
        processor_.earliest = now_;
        if (!empty) return;
        emptied_ = now_;
        gone_ = true;
        leave();
    }
    void send(Job job) {
        job.ready = now_;
        job.times.send_start = job.times.send_end = job.times.arrival = at_tick(now_);
        if (job.work.up_bytes == 0)
            tell(job, Outcome::Done, now_);
        else
            enqueue(kUp, job);
    }

    /// The battery is empty: nothing is fetched or computed any more; what was computed is sent.
    void leave() {
        const auto end = [&](const Job& job) { tell(job, Outcome::Gone, now_); };
        Way& down = ways_[kDown];
        const bool was_receiving = down.job.has_value();
        if (down.job) end(*std::exchange(down.job, std::nullopt));
        if (was_receiving && device_.half_duplex) radio_free_ = now_;
        for (std::deque<Job>* line : {&down.waiting, &in_air_, &received_}) {
            for (const Job& job : *line) end(job);
            line->clear();
        }
        if (computing_) end(*std::exchange(computing_, std::nullopt));
        for (const Task& task : tasks_)
            for (std::size_t part = task.computed; part < task.parts.size(); ++part)
                if (task.parts[part].down_bytes == 0 || part >= task.fetched)
                    end(job_of(task, part));
        tasks_.clear();
        start_next(kUp);
    }

    TickDevice device_;
    std::int32_t id_;
    Tick now_ = 0;
    std::deque<Task> tasks_;
    std::set<Tick> readies_;  // once it has left, all that it has ends when any would begin
    std::array<Way, 2> ways_;
    Tick radio_free_ = 0;
    std::deque<Job> in_air_, received_;
    std::optional<Job> computing_;
    Attempt processor_;
    Tick processor_free_ = 0;
    Tick processor_free_before_ = 0;
    Tick battery_;
    bool gone_ = false;
    std::optional<Tick> emptied_;
    std::vector<FleetEvent> events_;
};

}  // namespace mobi::test
