// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <queue>
#include <tuple>
#include <vector>

#include "core/instant.hpp"
#include "fleet/fleet_event.hpp"

namespace mobi {

/// What the fleet's clock has to look at next.  Of two at one instant the first of this list goes
/// first: a transfer that ends as its device goes off has ended.
enum class Wake : std::uint8_t {
    LinkEnd,        ///< index: shared link; a transfer over it ends
    TransferEnd,    ///< index: way of a device; over its own link
    OwnRate,        ///< its own link's rate changes in the middle of a shared transfer
    Look,           ///< the device goes off, or may
    Received,       ///< index: job; a download and its latency are over
    ComputeEnd,     ///< index: device
    TransferStart,  ///< index: way of a device; the first byte over a shared link
    Ready,          ///< index: device; a task may begin
};

/// An entry: stale when the thing that it is about has another version by then.
struct WakeUp {
    Instant at = 0;
    Wake kind = Wake::Ready;
    std::int32_t index = 0;
    std::uint32_t version = 0;

    bool operator>(const WakeUp& other) const {
        if (at != other.at) return at > other.at;
        return std::tie(kind, index, version) > std::tie(other.kind, other.index, other.version);
    }
};

using WakeUps = std::priority_queue<WakeUp, std::vector<WakeUp>, std::greater<>>;

/// Events that are known and not yet told, in the order of (at, device, task, part).
///
/// Of many that are pushed at once few are looked at before the next: they are sorted, which is
/// faster than a heap.
class EventQueue {
  public:
    /// \param slot  of the caller, to be given back with the event.
    void push(const FleetEvent& event, std::int32_t slot);

    bool empty() const noexcept { return fresh_.empty() && heap_.empty() && sorted_.empty(); }
    VirtualClock::time_point next_at() { return next().at; }

    struct Taken {
        FleetEvent event;
        std::int32_t slot = 0;  ///< what was pushed with it
    };
    Taken pop();

    /// Those that were pushed with `slot`, in the order of (at, device, task, part): looks at all.
    std::vector<FleetEvent> of(std::int32_t slot) const;

  private:
    struct Entry {
        VirtualClock::time_point at;
        std::int32_t device;
        std::int32_t part;
        std::int64_t task;
        std::uint64_t number;  // of the push
        std::int32_t place;    // in events_
    };
    static bool after(const Entry& a, const Entry& b);
    const Entry& next();
    bool next_is_sorted() const;
    void put_in_order();

    std::vector<Entry> fresh_;   // since put_in_order()
    std::vector<Entry> heap_;    // few
    std::vector<Entry> sorted_;  // the last is the next
    std::vector<Taken> events_;
    std::vector<std::int32_t> unused_;
    std::uint64_t pushes_ = 0;
};

}  // namespace mobi
