// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <queue>
#include <set>
#include <utility>
#include <vector>

#include "fleet/shared_link.hpp"

namespace mobi {

/// A link of many members, at logarithmic cost a call.
///
/// At every instant there is a level: transfers whose own link is slower run at their own rate
/// (they are *bound*), all others at the level (they are *level*).  What a level transfer gets per
/// nanosecond is the same for all of them, so one running sum of the level tells how far each has
/// come: a transfer that joins at sum s with `left` bytes ends when the sum is s + left, however
/// often the level changes meanwhile.  A bound transfer ends at a time of its own.  A change of the
/// level moves only those between the two kinds whose own rate lies between the old level and the
/// new one.
class LargeSharedLink final : public SharedLink {
  public:
    LargeSharedLink(double bytes_per_s, std::int32_t members);

    void start(std::int32_t member,
               double own_bytes_per_s,
               std::int64_t bytes,
               Instant now) override;
    void set_own_rate(std::int32_t member, double own_bytes_per_s, Instant now) override;
    Instant stop(std::int32_t member, Instant now) override;
    End next_end() override;

  private:
    enum class Kind : std::int8_t { Idle, Bound, Level };

    struct Flow {
        double own = 0;  // bytes per ns
        Kind kind = Kind::Idle;
        std::uint32_t version = 0;  // of its entry in `ends_`
        Instant left = 0;           // bound: at `since`
        Instant since = 0;
        Instant finish = 0;  // level: the sum at which it ends
    };
    struct BoundEnd {
        Instant at;
        std::int32_t member;
        std::uint32_t version;
        bool operator>(const BoundEnd& other) const {
            return std::pair(at, member) > std::pair(other.at, other.member);
        }
    };
    using ByRate = std::set<std::pair<double, std::int32_t>>;

    Flow& flow(std::int32_t member) { return flows_[static_cast<std::size_t>(member)]; }
    void advance(Instant to);
    /// Bytes that it has still to carry now.
    Instant left(const Flow& flow) const;
    void insert(std::int32_t member, Kind kind, Instant left);
    void remove(std::int32_t member);
    void move(std::int32_t member, Kind kind);
    /// Sorts the transfers into the two kinds anew after one has come, gone or changed.
    void settle();
    Instant level() const;

    double capacity_;  // bytes per ns
    std::vector<Flow> flows_;
    Instant now_ = 0;
    Instant sum_ = 0;         // of the level over time, bytes
    Instant bound_rate_ = 0;  // of all bound transfers together
    ByRate bound_, level_;
    std::set<std::pair<Instant, std::int32_t>> finishes_;  // level: (sum at the end, member)
    std::priority_queue<BoundEnd, std::vector<BoundEnd>, std::greater<>> ends_;
};

}  // namespace mobi
