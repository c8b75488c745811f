// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sharing/member_heap.hpp"
#include "sharing/shared_link.hpp"

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
        double own = 0;  // bytes/s
        Kind kind = Kind::Idle;
        std::uint32_t version = 0;  // of its entries in the heaps
        Instant left = 0;           // bound: at `since`; times kPerByte
        Instant since = 0;
        Instant finish = 0;  // level: the sum at which it ends
    };
    Flow& flow(std::int32_t member) { return flows_[static_cast<std::size_t>(member)]; }
    void advance(Instant to);
    /// What it has still to carry now, bytes times kPerByte.
    Instant left(const Flow& flow) const;
    void insert(std::int32_t member, Kind kind, Instant left);
    void remove(std::int32_t member);
    void move(std::int32_t member, Kind kind);
    /// Sorts the transfers into the two kinds anew after one has come, gone or changed.
    void settle();
    Instant level() const;
    template <typename Key>
    const typename MemberHeap<Key>::Entry* first(MemberHeap<Key>& heap);
    template <typename Key>
    void push(MemberHeap<Key>& heap, Key key, std::int32_t member);

    double capacity_;  // bytes/s
    std::vector<Flow> flows_;
    Instant now_ = 0;
    Instant sum_ = 0;                      // of the level over time, as `left`
    Instant bound_rate_ = 0;               // of all bound transfers together
    std::size_t bounds_ = 0, levels_ = 0;  // transfers of each kind
    MemberHeap<double> fastest_bound_;     // by minus the own rate
    MemberHeap<double> slowest_level_;     // by the own rate
    MemberHeap<Instant> finishes_;         // level: by the sum at the end
    MemberHeap<Instant> ends_;             // bound: by the time of the end
};

}  // namespace mobi
