// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "core/virtual_time.hpp"
#include "method/arrivals.hpp"
#include "method/fleet_plan.hpp"
#include "method/server_parameters.hpp"
#include "method/side/batch_sampler.hpp"

namespace mobi {

enum class UpdateKind { Arrival, Replay };

/// The server's updates, for messages.
inline constexpr TimedWork kServerWork{"the server's work", "",
                                       "server.rate, server.io_rate and server.step_overhead"};

/// One update of a side network, placed in virtual time.
struct Update {
    std::int64_t update = 0;  ///< from 0, in the order of the server's work
    UpdateKind kind = UpdateKind::Arrival;
    std::int32_t network = 0;         ///< which side network; 0, or the device with per_device
    std::int64_t network_update = 0;  ///< t within that network
    std::int64_t delivery = -1;       ///< arrival: which one; replay: -1
    VirtualClock::time_point start{};
    VirtualClock::time_point end{};
    std::vector<std::int32_t> samples;  ///< ids, increasing
    std::vector<std::int32_t> arrived;  ///< ids new in the inbox since the previous step began
    std::int64_t inbox_samples = 0;     ///< when it began
    std::int32_t waiting = 0;           ///< packets that had arrived and waited when it began
    std::int64_t deliveries_used = 0;   ///< this step needs the first n deliveries, no others
};

/// What the server's time is a function of.
struct TimelineSettings {
    ServerParameters server;
    std::uint64_t seed = 1;
    bool train_after_all = false;  ///< `replay_after_all`, or a method that asks for it
    /// Virtual duration of an update on these samples (docs/method.md 4.3).
    std::function<VirtualClock::duration(std::span<const std::int32_t>)> update_time;
};

/// The server's life in virtual time, step by step: which update happens when, on which samples
/// (docs/method.md 1.6, 4.3; docs/design.md 4.1, hop 8).
///
/// A pure function of arrivals and settings: it computes no activation and no weight, so that
/// `run.compute = none`, `run` under both clocks and `replay` share it.  In `server.mode =
/// per_device` the server's time is shared by all networks, a free server replays for the devices
/// in turn.
class Timeline {
  public:
    /// \param plan, arrivals  must outlive the timeline.
    /// \throws ConfigError  when more than 100 epochs, or updates on an arrival, make more than ten
    ///                      million updates.
    Timeline(const FleetPlan& plan, Arrivals& arrivals, TimelineSettings settings);

    /// The next update, or nothing when all T are done.  Waits for a packet if one has to come
    /// first.
    /// \throws ConfigError  when it ends after more than 200 years.
    std::optional<Update> next();

    /// The last update ended at `end`, later than its planned end, because the host was too slow
    /// for its pace.  The next one begins then or later.
    void delay_to(VirtualClock::time_point end) noexcept { free_ = std::max(free_, end); }

    /// T of a network: what the learning-rate schedule runs over, of the packets planned for the
    /// admitted devices, whether or not they arrive.  docs/method.md 1.6.
    std::int64_t updates_planned(std::int32_t network) const;
    /// Σ T over the networks.
    std::int64_t updates_planned() const;
    /// The networks' numbers: 0 alone, or the admitted devices with per_device.
    std::vector<std::int32_t> networks() const;

    /// When the server was last busy; the end of the last update once next() has returned nothing.
    VirtualClock::time_point now() const noexcept { return free_; }

  private:
    struct Network {
        std::int32_t id = 0;
        BatchSampler sampler;
        std::int64_t deliveries = 0;  // that ever arrive
        std::int64_t arrived = 0;     // of them
        std::int64_t replays = 0;     // R
        std::int64_t replays_done = 0;
        std::int64_t updates_done = 0;
        std::int64_t updates_planned = 0;  // T
    };

    void add_network(std::int32_t id,
                     const std::vector<BatchSampler::Stratum>& strata,
                     std::int64_t packets);
    void refuse_too_many_updates() const;
    Network& network_of(const Delivery& delivery);
    bool per_device() const { return settings_.server.mode == ServerMode::PerDevice; }
    bool updates_on_arrival() const { return !settings_.train_after_all; }
    /// Takes the next delivery into the inbox; its updates follow.
    void take(const Delivery& delivery);
    Network* due_for_replay();
    Update make_step(Network& network, UpdateKind kind, std::vector<std::int32_t> samples);

    const FleetPlan* plan_;
    Arrivals* arrivals_;
    TimelineSettings settings_;
    std::vector<Network> networks_;
    std::vector<std::size_t> network_index_;  // by device; empty = one network
    VirtualClock::time_point free_{};
    std::int64_t taken_ = 0;  // deliveries in the inbox
    bool all_here_ = false;   // nothing comes any more
    std::int32_t updates_left_of_arrival_ = 0;
    std::size_t turn_ = 0;  // whose replay is next, per_device
    std::int64_t updates_ = 0;
    std::int64_t inbox_samples_ = 0;
    std::vector<std::int32_t> arrived_;  // for the next step
};

}  // namespace mobi
