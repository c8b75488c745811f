// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "core/virtual_time.hpp"

namespace mobi {

/// Virtual time that passes with real time: `time_scale` virtual seconds per real second, from a
/// start on (`run.clock = wall`).
class PacedClock {
  public:
    PacedClock(WallClock::time_point start, double time_scale)
        : start_(start), time_scale_(time_scale) {}

    /// Before the start: negative.  Never beyond the longest run.
    VirtualClock::time_point virtual_at(WallClock::time_point wall) const {
        return VirtualClock::time_point(virtual_length(wall - start_));
    }
    WallClock::time_point wall_at(VirtualClock::time_point time) const {
        return start_ + wall_length(time.time_since_epoch());
    }
    WallClock::duration wall_length(VirtualClock::duration length) const {
        return WallClock::duration(length) / time_scale_;
    }
    VirtualClock::duration virtual_length(WallClock::duration length) const {
        constexpr WallClock::duration kMost(kLongestRun);
        return std::chrono::duration_cast<VirtualClock::duration>(
            std::clamp(length * time_scale_, -kMost, kMost));
    }

    VirtualClock::time_point now() const { return virtual_at(WallClock::now()); }

    /// A deadline that is missed by more than this is an overrun: the pace shifts by it, and it is
    /// logged.  Less is caught up, as by a token bucket of that depth.
    static constexpr WallClock::duration kTolerance{5e-3};

  private:
    WallClock::time_point start_;
    double time_scale_;
};

}  // namespace mobi
