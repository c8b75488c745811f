// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <queue>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/long_work.hpp"
#include "core/virtual_time.hpp"
#include "device/hopeless.hpp"
#include "device/transfer.hpp"
#include "device/water_filling.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;

// Instants between nanoseconds: where transfers share a rate one's end moves the other's, and
// rounding each would add up.  64 bits of mantissa hold a year to a billionth of a nanosecond.
using Instant = long double;

constexpr Instant kNever = std::numeric_limits<Instant>::infinity();

Instant instant(Time time) {
    return static_cast<Instant>(time.time_since_epoch().count());
}

Time rounded(Instant at) {
    return Time(VirtualClock::duration(std::llroundl(at)));
}

/// A device that shares: between two transfers, or in the middle of one.
struct Sender {
    TransferQueue* queue = nullptr;
    std::int32_t cell = 0;
    std::size_t next = 0;  ///< transfer
    Instant free = 0;      ///< end of the last transfer or attempt
    std::optional<Time> last_byte;
    // of the transfer that is on its way or comes next
    Time start{};                ///< the device is on and the transfer is ready
    Time begin{};                ///< and the radio is awake: the first byte
    int attempts = 0;            ///< that were cut off
    Instant left = 0;            ///< bytes
    double own = 0;              ///< its own link's rate, bytes per ns
    double rate = 0;             ///< what it gets of it
    Instant own_until = kNever;  ///< when its own link's rate changes
    std::optional<Time> off;     ///< it goes off before the transfer is over
};

class SharedTransfer {
  public:
    SharedTransfer(std::span<TransferQueue> queues,
                   std::span<const std::int32_t> cells,
                   std::span<const double> capacity,
                   double server_bytes_per_s,
                   std::vector<LostTransfer>& lost)
        : server_(server_bytes_per_s * 1e-9), lost_(lost) {
        for (const double bytes_per_s : capacity) cell_capacity_.push_back(bytes_per_s * 1e-9);
        active_.resize(capacity.size());
        for (std::size_t i = 0; i < queues.size(); ++i) {
            senders_.emplace_back();
            senders_.back().queue = &queues[i];
            senders_.back().cell = cells[i];
            most_steps_ += 50'000 * static_cast<std::int64_t>(queues[i].transfers.size());
        }
    }

    void run() {
        for (std::size_t i = 0; i < senders_.size(); ++i) plan(i);
        LongWork planning("planning: instants of a shared link");
        for (std::int64_t instants = 0;; ++instants) {
            if (instants % 64 == 0) planning.step(instants, 0);
            const Instant next =
                std::min(next_of_active(), waiting_.empty() ? kNever : waiting_.top().at);
            if (next == kNever) return;
            advance(next);
            finish_due();
            start_due();
            divide();
        }
    }

  private:
    struct Start {
        Instant at;
        std::size_t sender;
        bool operator>(const Start& other) const {
            return at != other.at ? at > other.at : sender > other.sender;
        }
    };

    /// Puts the sender's next transfer among those that wait for their time.
    void plan(std::size_t i) {
        Sender& sender = senders_[i];
        if (sender.next >= sender.queue->transfers.size()) return;
        const Transfer& transfer = sender.queue->transfers[sender.next];
        const Time ready = std::max(transfer.ready, rounded(std::ceil(sender.free)));
        for (Time from = ready;; from = *sender.off) {
            const std::optional<Time> on = sender.queue->presence.next_on(from);
            if (!on) return;
            sender.start = *on;
            sender.begin = after_wake_up(*sender.queue->direction.link, *on, sender.last_byte);
            sender.off = sender.queue->presence.off_before(*on, sender.begin);
            if (!sender.off) break;
            cut_off(sender, 0);  // before the radio was awake
            refuse_hopeless(sender.queue->presence,
                            {sender.queue->direction.work(), sender.begin - sender.start, true,
                             sender.attempts});
        }
        // While nothing goes off the next one begins at the exact end of the one before.
        const bool follows = sender.begin == ready && instant(transfer.ready) <= sender.free;
        sender.left = static_cast<Instant>(transfer.bytes);
        waiting_.push({follows ? sender.free : instant(sender.begin), i});
    }

    void start_due() {
        while (!waiting_.empty() && waiting_.top().at <= now_) {
            const std::size_t i = waiting_.top().sender;
            waiting_.pop();
            look_up_own_rate(senders_[i]);
            active_[static_cast<std::size_t>(senders_[i].cell)].push_back(i);
        }
    }

    /// The rate of the sender's own link now, and how long it stays.
    void look_up_own_rate(Sender& sender) const {
        const LinkDirection& direction = sender.queue->direction;
        if (direction.trace == nullptr) {
            sender.own = rate_of(direction, sender.queue->transfers[sender.next]) * 1e-9;
            return;
        }
        const VirtualClock::duration offset = sender.queue->trace_offset;
        const auto [bits_per_s, until] =
            direction.trace->step_at(rounded(std::floor(now_)).time_since_epoch() + offset);
        sender.own = static_cast<double>(bits_per_s) / 8 * 1e-9;
        sender.own_until = until == VirtualClock::duration::max()
                               ? kNever
                               : static_cast<Instant>((until - offset).count());
    }

    Instant end_of(const Sender& sender) const {
        return sender.rate > 0   ? now_ + sender.left / static_cast<Instant>(sender.rate)
               : sender.left > 0 ? kNever
                                 : now_;
    }

    /// For messages: what all may be slow by.
    TimedWork work_of(const Sender& sender) const {
        TimedWork work = sender.queue->direction.work();
        work.keys = std::isinf(server_) ? "its rate and that of its cell" : "server.access_rate";
        return work;
    }

    /// When the next active transfer ends, is cut off, or meets another rate of its own link.
    Instant next_of_active() {
        Instant next = kNever;
        const Sender* someone = nullptr;
        for (const auto& cell : active_)
            for (const std::size_t i : cell) {
                Sender& sender = senders_[i];
                Instant event = std::min(end_of(sender), sender.own_until);
                if (!sender.off) {
                    const Time by =
                        event < instant(kHorizon) ? rounded(std::ceil(event)) : kHorizon;
                    sender.off = sender.queue->presence.off_before(sender.start, by);
                }
                if (sender.off) event = std::min(event, instant(*sender.off));
                next = std::min(next, event);
                someone = &sender;
            }
        // Who is still to come makes nobody faster.
        if (someone != nullptr && next > instant(kHorizon)) refuse_endless(work_of(*someone));
        return next;
    }

    void advance(Instant to) {
        for (const auto& cell : active_)
            for (const std::size_t i : cell) {
                Sender& sender = senders_[i];
                // The one whose end this is has nothing left, whatever rounding says.
                const bool ends = end_of(sender) <= to;
                sender.left =
                    ends ? 0 : sender.left - static_cast<Instant>(sender.rate) * (to - now_);
            }
        now_ = to;
    }

    void finish_due() {
        for (auto& cell : active_) {
            std::vector<std::size_t> going_on;
            for (const std::size_t i : cell) {
                Sender& sender = senders_[i];
                if (sender.left == 0)
                    finish(sender);
                else if (sender.off && instant(*sender.off) <= now_) {
                    const Transfer& transfer = sender.queue->transfers[sender.next];
                    cut_off(sender,
                            transfer.bytes - static_cast<std::int64_t>(std::ceil(sender.left)));
                    sender.free = now_;
                    sender.last_byte = *sender.off;
                    refuse_too_slow(sender);
                } else {
                    if (sender.own_until <= now_) {
                        count_step(sender);
                        look_up_own_rate(sender);
                    }
                    going_on.push_back(i);
                    continue;
                }
                plan(i);
            }
            cell = std::move(going_on);
        }
    }

    /// Where links are shared a trace is followed step by step, and that has to end.
    void count_step(const Sender& sender) {
        if (++steps_ <= most_steps_) return;
        const LinkDirection& direction = sender.queue->direction;
        throw ConfigError(fmt::format(
            "{}{}: a shared link is followed through more than {} steps of its trace; accepted: "
            "longer steps, a faster trace, or a link that shares nothing",
            direction.what, direction.link->name, most_steps_));
    }

    /// Work that was cut off: can it ever be done?  Alone it would go at its own rate.
    void refuse_too_slow(const Sender& sender) const {
        const LinkDirection& direction = sender.queue->direction;
        CutOffWork cut{direction.work(), *sender.off - sender.begin, false, sender.attempts};
        if (direction.trace == nullptr) {
            const Transfer& transfer = sender.queue->transfers[sender.next];
            cut.need = transfer_time(direction, static_cast<double>(transfer.bytes),
                                     rate_of(direction, transfer));
            cut.same_every_time = true;
        }
        refuse_hopeless(sender.queue->presence, cut);
    }

    void finish(Sender& sender) {
        Transfer& transfer = sender.queue->transfers[sender.next++];
        transfer.start = sender.start;
        transfer.end = rounded(now_);
        transfer.done = true;
        sender.free = now_;
        sender.last_byte = transfer.end;
        sender.attempts = 0;
    }

    /// The attempt ends at `off`, with so many bytes sent.
    void cut_off(Sender& sender, std::int64_t sent) {
        ++sender.attempts;
        lost_.push_back({sender.queue->task, static_cast<std::int32_t>(sender.next), sender.start,
                         *sender.off, sent});
    }

    /// Gives every active transfer its max-min fair rate: no cell above its uplink, all together
    /// not above the server's link.  What a cell leaves to a transfer bounds what it asks of the
    /// server.
    void divide() {
        demands_.clear();
        for (std::size_t c = 0; c < active_.size(); ++c) {
            cell_demands_.clear();
            for (const std::size_t i : active_[c])
                if (senders_[i].own > 0) cell_demands_.push_back(senders_[i].own);
            const double level = fair_level(cell_demands_, cell_capacity_[c]);
            for (const std::size_t i : active_[c]) {
                senders_[i].rate = std::min(senders_[i].own, level);
                if (senders_[i].rate > 0) demands_.push_back(senders_[i].rate);
            }
        }
        if (std::isinf(server_)) return;
        const double level = fair_level(demands_, server_);
        for (const auto& cell : active_)
            for (const std::size_t i : cell) senders_[i].rate = std::min(senders_[i].rate, level);
    }

    std::vector<Sender> senders_;
    std::vector<double> cell_capacity_;  // bytes per ns
    double server_ = 0;
    std::vector<LostTransfer>& lost_;
    std::vector<std::vector<std::size_t>> active_;  // by cell
    std::priority_queue<Start, std::vector<Start>, std::greater<>> waiting_;
    Instant now_ = 0;
    std::vector<double> cell_demands_, demands_;
    std::int64_t steps_ = 0;  // of traces, so far
    // Seconds of work, and for each transfer 50 s of a trace in milliseconds.
    std::int64_t most_steps_ = 5'000'000;
};

}  // namespace

void transfer_together(std::span<TransferQueue> queues,
                       std::span<const std::int32_t> cells,
                       std::span<const double> capacity,
                       double server_bytes_per_s,
                       std::vector<LostTransfer>& lost) {
    SharedTransfer(queues, cells, capacity, server_bytes_per_s, lost).run();
}

}  // namespace mobi
