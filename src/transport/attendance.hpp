// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/clock.hpp"

namespace mobi {

/// A rank of which nothing is heard.
struct Silence {
    int rank = 0;
    WallClock::duration lasted{};
    int others = 0;  ///< ranks that have been silent for half the patience or more, beside it
};

/// Who has been heard of, and when.  Only the time in which the listener could hear counts: after a
/// pause of its own (a suspended job, a laptop's lid) nobody has been silent for longer than
/// before, and the others have the time to be heard.  Knows no clock and no MPI.
class Attendance {
  public:
    /// \param ranks  that are to be heard of.
    explicit Attendance(const std::vector<int>& ranks);

    /// \param patience  how long a rank may be silent; 0: for ever, as it is at first.
    void set_patience(WallClock::duration patience) { patience_ = patience; }
    WallClock::duration patience() const noexcept { return patience_; }

    /// How often ranks are to be heard of and looked after: some times within the patience, and at
    /// least once a second.
    WallClock::duration interval() const;

    /// It is `now`; whoever was heard of since the last call follows in heard().  A call that comes
    /// late counts as two intervals.
    void look(WallClock::time_point now);
    void heard(int rank);
    /// From now on the rank may be silent: it has said that it ends.
    void excuse(int rank) { heard_.erase(rank); }
    /// Whether nobody is to be heard of any more.
    bool all_excused() const noexcept { return heard_.empty(); }

    /// Who has been silent longest; nothing where nobody is to be heard of.
    std::optional<Silence> longest() const;
    /// The same, but only if that is longer than the patience.
    std::optional<Silence> too_long() const;

  private:
    WallClock::duration patience_{};
    std::optional<WallClock::time_point> looked_;
    WallClock::duration listened_{};            // from the first look to the last
    std::map<int, WallClock::duration> heard_;  // by rank, in the time of `listened_`
};

}  // namespace mobi
