// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "fleet/event_queue.hpp"
#include "fleet/fleet_device.hpp"
#include "fleet/islands.hpp"
#include "fleet/link_way.hpp"
#include "fleet/shared_ways.hpp"
#include "fleet/task_book.hpp"

namespace mobi {

/// Whom Transfers tells what became of a job's transfer.  Devices are named by their place.
class TransferListener {
  public:
    virtual ~TransferListener() = default;

    /// All is carried; the way is free.
    virtual void carried(std::int32_t place, Way way, std::int32_t job) = 0;
    /// An attempt has failed after so many bytes; the transfer restarts.
    virtual void cut_off(std::int32_t place,
                         Way way,
                         std::int32_t job,
                         VirtualClock::time_point start,
                         VirtualClock::time_point at,
                         std::int64_t bytes) = 0;
    /// The device never comes back for it.
    virtual void gone(std::int32_t place, VirtualClock::time_point at) = 0;
};

/// Both ways of every device's link, and what they share.
class Transfers {
  public:
    /// \param listener, book, wake_ups  must outlive it.
    Transfers(std::span<const FleetDevice> devices,
              std::uint64_t seed,
              double server_bytes_per_s,
              TaskBook& book,
              WakeUps& wake_ups,
              TransferListener& listener);

    /// The job waits for the way from its `ready` on.
    /// \param charged_bytes  before losses.
    void enqueue(std::int32_t place, Way way, std::int32_t job, std::int64_t charged_bytes);

    bool idle(std::int32_t place, Way way) const;

    const Islands& islands() const noexcept { return islands_; }
    /// The device, or one of those, that a wake-up for this class is about.
    std::int32_t place_of(const WakeUp& what) const;

    /// What TransferEnd, LinkEnd, OwnRate, Look and TransferStart ask for.
    void wake_up(const WakeUp& what);

    /// When what the job's transfer carried arrives.
    VirtualClock::time_point arrival(std::int32_t place, Way way, std::int32_t job);

    /// Takes the jobs of a task, or of all, from a way.  The one under way, if it had begun before
    /// `at`, is the first and has carried so many bytes.
    struct Taken {
        std::vector<std::int32_t> jobs;
        bool stopped = false;  ///< the first was under way
        VirtualClock::time_point start{};
        std::int64_t bytes = 0;
    };
    Taken take(std::int32_t place, Way way, std::int32_t slot, VirtualClock::time_point at);

    /// Begins what may begin after a take().
    void go_on(std::int32_t place);

    /// \throws ConfigError  when a transfer is under way: nothing will ever end it.
    void check_that_all_ended() const;

  private:
    struct State {
        LinkWay way;
        Line waiting;
        std::int32_t job = -1;      // under way
        std::uint32_t version = 0;  // of what is under way
        LinkWay::Attempt attempt{};
        bool flowing = false;  // over a shared link, behind the first byte
    };
    struct LinkEnd {
        Instant at = kNever;
        std::uint32_t version = 0;
    };
    struct Place {
        std::int32_t place;
        Way way;
    };

    static std::int32_t number(std::int32_t place, Way way) {
        return 2 * place + static_cast<std::int32_t>(way);
    }
    static Place place_of(std::int32_t number) {
        return {number / 2, static_cast<Way>(number % 2)};
    }
    State& state(std::int32_t number) { return states_[static_cast<std::size_t>(number)]; }
    SharedWays& shared(Way way) { return shared_[static_cast<std::size_t>(way)]; }

    void start_next(Place at);
    void attempt(Place at);
    void begin_flow(Place at, Instant now);
    void change_rate(Place at, Instant now);
    void look_ahead(Place at, VirtualClock::time_point from);
    void look(Place at, Instant now);
    void end_own(Place at);
    void end_flow(Way way, std::int32_t link);
    void finish(Place at, Instant now);
    void free_radio(std::int32_t place, VirtualClock::time_point at);
    void lose(Place at, VirtualClock::time_point off, std::int64_t bytes);
    Instant stop_flow(Place at, Instant now);
    std::int64_t carried_by(Place at, VirtualClock::time_point time);
    void plan_link_end(Way way, std::int32_t link);
    void plan(Place at, Wake kind, Instant when);

    std::vector<State> states_;
    Islands islands_;
    std::vector<VirtualClock::time_point> radio_free_;  // half duplex: by place
    std::array<SharedWays, 2> shared_;
    std::array<std::vector<LinkEnd>, 2> link_ends_;
    TaskBook& book_;
    WakeUps& wake_ups_;
    TransferListener& listener_;
    std::int64_t flows_ = 0;
};

}  // namespace mobi
