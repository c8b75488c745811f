// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "core/paced_clock.hpp"
#include "messages/pace_plan.hpp"

namespace mobi {

/// Keeps the pace of a worker's devices: at every instant it says what is due (docs/design.md 4.3,
/// the wall clock).
///
/// Computation lasts until its deadline.  The link is a token bucket: a packet goes in segments,
/// each when the link would have carried it, one latency later; several devices take turns.  What
/// is handled late by up to PacedClock::kTolerance is caught up with, so that lateness does not add
/// up; what is later is an overrun, by which everything that the device does from then on is put
/// off.
///
/// Reads no clock: the caller says what time it is.
class Pacer {
  public:
    /// What is due.
    struct Due {
        std::vector<Segment> segments;  ///< to be sent, in this order
        std::vector<std::pair<std::int32_t, std::int32_t>>
            begun;                 ///< (device, packet) computed now
        std::vector<Bytes> spent;  ///< packets that are out: freeing them may take a while
    };

    explicit Pacer(const PacePlan& plan);

    /// A packet as it was computed, before the pace begins or when its device has begun with it.
    /// \throws Bug  when it is not of the plan.
    void keep(std::int32_t device, std::int32_t packet, Bytes encoded, WallClock::time_point now);

    Due advance(WallClock::time_point now);

    /// When something is due next; nothing: all is done, or a packet has yet to be computed.
    std::optional<WallClock::time_point> next() const;

    bool finished() const noexcept { return open_uploads_ == 0; }
    std::int64_t overruns() const noexcept { return overruns_; }
    WallClock::duration worst_overrun() const noexcept { return worst_overrun_; }

  private:
    using Time = VirtualClock::time_point;
    using Duration = VirtualClock::duration;

    struct Packet {
        std::int32_t number = 0;
        PacketTimes planned;
        PacketTimes measured;
        Duration overrun{};
        Bytes bytes;
    };
    /// One time on the link: an upload, or the attempt of one.
    struct Transfer {
        std::size_t packet = 0;  // index in the device
        std::int32_t attempt = 0;
        bool cut = false;
        Time start{};
        Time end{};
        Duration latency{};
        std::int64_t cut_bytes = 0;
    };
    struct Device {
        std::int32_t id = 0;
        std::vector<Packet> packets;
        std::vector<Transfer> transfers;
        Duration slip{};             // by which overruns have put its times off
        std::size_t computing = 0;   // packet
        bool begun = false;          // that one's computation
        bool late_result = false;    // it should have ended, but the result is not there
        std::size_t sending = 0;     // transfer
        std::int64_t segment = 0;    // of it
        std::size_t sent_bytes = 0;  // of it
        bool link_waits = false;     // for a result
        Time link_free{};            // measured
        Time last_segment{};         // planned time of the one before
    };
    enum class Step : std::uint8_t { Compute, Send };
    struct Event {
        WallClock::time_point at;
        std::size_t device = 0;
        Step step = Step::Compute;
        bool operator>(const Event& other) const {
            return std::tie(at, step, device) > std::tie(other.at, other.step, other.device);
        }
    };

    Time due_compute(const Device& device) const;
    Time due_segment(const Device& device) const;
    std::int64_t segments_of(const Device& device, const Transfer& transfer) const;
    void push(std::size_t device, Step step, Time due);
    void push_compute(std::size_t device);
    void push_send(std::size_t device);
    void compute(std::size_t device, Time due, Time now, Due& out);
    void end_compute(std::size_t device, Time due, Time now);
    void send(std::size_t device, Time due, Time now, Due& out);
    /// Counts an overrun, and puts the device's times off.
    void note(Device& device, Packet& packet, Time due, Time now);

    PacedClock clock_;
    Time from_;
    std::vector<Device> devices_;
    std::map<std::int32_t, std::size_t> index_;  // by device
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::size_t open_uploads_ = 0;
    std::int64_t overruns_ = 0;
    WallClock::duration worst_overrun_{};
};

}  // namespace mobi
