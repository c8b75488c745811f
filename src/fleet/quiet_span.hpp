// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/clock.hpp"
#include "core/instant.hpp"
#include "core/virtual_time.hpp"
#include "fleet/event_queue.hpp"

namespace mobi {

/// Wake-ups of a time in which nobody interferes with the fleet: gone through island by island
/// (fleet/islands.hpp), a window of time after another.  What a device needs stays in the cache
/// while its events are worked off, and windows keep the events that wait to be told few.
class QuietSpan {
  public:
    bool empty() const noexcept { return pending_.empty(); }
    VirtualClock::time_point until() const noexcept { return until_; }
    /// When the next one is due; kNever: there is none.
    Instant next() const noexcept { return next_; }

    /// Takes all wake-ups.
    /// \param island_of  a wake-up's island.
    template <typename IslandOf>
    void begin(VirtualClock::time_point until, WakeUps& wake_ups, IslandOf&& island_of) {
        until_ = until;
        for (; !wake_ups.empty(); wake_ups.pop())
            pending_.push_back({wake_ups.top(), island_of(wake_ups.top())});
        std::stable_sort(pending_.begin(), pending_.end(),
                         [](const Pending& a, const Pending& b) { return a.island < b.island; });
        find_next();
    }

    /// Works off one window.  At the end of the span what is left goes back to `wake_ups`.
    /// \param wake_ups  those of the island at hand; empty before and, within the span, after.
    /// \param wake_up   takes the first of `wake_ups`.
    template <typename WakeUp>
    void run_window(WakeUps& wake_ups, WakeUp&& wake_up) {
        const VirtualClock::time_point end = window_end();
        std::size_t taken = 0;
        kept_.clear();
        for (std::size_t i = 0; i < pending_.size();) {
            const std::int32_t island = pending_[i].island;
            const bool idle = pending_[i].what.at > half_past(end);  // an island's first is first
            for (; i < pending_.size() && pending_[i].island == island; ++i)
                if (idle)
                    kept_.push_back(pending_[i]);
                else
                    wake_ups.push(pending_[i].what);
            for (; !wake_ups.empty() && wake_ups.top().at <= half_past(end); ++taken) wake_up();
            for (; !wake_ups.empty(); wake_ups.pop()) kept_.push_back({wake_ups.top(), island});
        }
        pending_.swap(kept_);
        find_next();
        set_window(taken);
        if (end < until_) return;
        for (const Pending& one : pending_) wake_ups.push(one.what);
        pending_.clear();
        next_ = kNever;
    }

  private:
    struct Pending {
        WakeUp what;
        std::int32_t island = 0;
    };

    void find_next() {
        next_ = kNever;
        for (const Pending& one : pending_) next_ = std::min(next_, one.what.at);
    }

    VirtualClock::time_point window_end() const {
        if (next_ >= instant(kHorizon)) return until_;
        const VirtualClock::time_point from = rounded(std::ceil(next_));
        return until_ - from > window_ ? from + window_ : until_;
    }

    /// So that the next one holds some wake-ups of each island.
    void set_window(std::size_t taken) {
        constexpr std::size_t kFew = 1, kMany = 6;
        constexpr VirtualClock::duration kLongest = kLongestRun / 8;
        if (taken < kFew * pending_.size())
            window_ = std::min(4 * window_, kLongest);
        else if (taken > kMany * pending_.size())
            window_ = std::max(window_ / 4, VirtualClock::duration(1));
    }

    std::vector<Pending> pending_, kept_;  // by island, each island's in order
    VirtualClock::time_point until_{};
    VirtualClock::duration window_ = std::chrono::milliseconds(1);
    Instant next_ = kNever;
};

}  // namespace mobi
