// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "core/virtual_time.hpp"
#include "method/fleet_plan.hpp"
#include "method/protocol.hpp"
#include "method/server_parameters.hpp"
#include "method/side/arrivals.hpp"
#include "method/side/batch_sampler.hpp"

namespace mobi {

/// The server's updates, for messages.
inline constexpr TimedWork kServerWork{"the server's work", "",
                                       "server.rate, server.io_rate, server.step_overhead and "
                                       "server.launch"};

/// What the server's time is a function of.
struct TimelineSettings {
    ServerParameters server;
    EvalParameters eval;  ///< of it, what says when training stops early
    std::uint64_t seed = 1;
    bool train_after_all = false;  ///< `replay_after_all`, or a method that asks for it
    /// Virtual duration of an update on these samples (docs/method.md 4.3).
    std::function<VirtualClock::duration(std::span<const std::int32_t>)> update_time;
    /// Its kernel launches, for the log; may be empty.
    std::function<std::int64_t(std::span<const std::int32_t>)> update_launches;
};

/// The server's life in virtual time, step by step: which update happens when, on which samples
/// (docs/method.md 1.6, 4.3; docs/design.md 4.1, hop 8).
///
/// A pure function of arrivals and settings: it computes no activation and no weight, so that
/// `run.compute = none`, `run` under both clocks and `replay` share it.  In `server.mode =
/// per_device` every device has a model of its own; the server's time is shared by all, and a free
/// server replays for the devices in turn.
class Timeline {
  public:
    /// \param plan  must outlive the timeline.
    /// \throws ConfigError  when more than 100 epochs, or updates on an arrival, make more than ten
    ///                      million updates.
    Timeline(const FleetPlan& plan, TimelineSettings settings);

    /// What will arrive is known now.  Called once, before next().
    void begin(Arrivals arrivals);

    /// The next update, or nothing when all T are done.  Waits for a packet if one has to come
    /// first.
    /// \throws ConfigError  when it ends after more than 200 years.
    std::optional<Step> next(FleetClock& fleet);

    /// What the last update, which decides, came to on the validation set: training stops after
    /// `eval.patience` such evaluations in a row that are no better than the best of them.  Only
    /// those count that come when all has arrived: what is still to come teaches something new.
    /// \param metric  NaN is no better than anything.
    void tell(double metric);

    /// The last update ended at `end`, later than its planned end, because the host was too slow
    /// for its pace.  The next one begins then or later.
    void delay_to(VirtualClock::time_point end) noexcept { free_ = std::max(free_, end); }

    /// Σ T over the models, T being what the learning-rate schedule of a model runs over: of the
    /// packets planned for the admitted devices, whether or not they arrive.  docs/method.md 1.6.
    std::int64_t updates_planned() const;

  private:
    struct Model {
        std::int32_t id = 0;
        BatchSampler sampler;
        std::int64_t awaited = 0;  // packets that ever arrive
        std::int64_t arrived = 0;  // of them
        std::int64_t replays = 0;  // R
        std::int64_t replays_done = 0;
        std::int64_t updates_done = 0;
        std::int64_t updates_planned = 0;  // T
    };

    void add_model(std::int32_t id,
                   const std::vector<BatchSampler::Stratum>& strata,
                   std::int64_t packets);
    void refuse_too_many_updates() const;
    Model& model_of(std::int32_t device);
    bool per_device() const { return settings_.server.mode == ServerMode::PerDevice; }
    bool is_complete(const Model& model) const {
        return all_here_ || model.arrived == model.awaited;
    }
    bool counts_towards_patience(const Model& model) const;
    bool updates_on_arrival() const { return !settings_.train_after_all; }
    /// Takes the next arrival into the inbox; its updates follow.
    void take(const Arrival& arrival);
    /// How often the samples of a packet, which arrives the first time, will be in updates on
    /// arrivals: now, and in each later pass of its device (a device's packets keep their order).
    std::int32_t passes_on_arrival(const Arrival& first) const;
    Model* due_for_replay();
    /// Replays that wait until all has arrived, where passes are to be equal: a sample that comes
    /// last has to be in as many of them as each gets passes.  At least half, so that training ends
    /// with batches of all devices, not with those that catch up.
    std::int64_t held_back(const Model& model) const;
    Step make_step(FleetClock& fleet,
                   Model& model,
                   StepKind kind,
                   std::vector<std::int32_t> samples);

    const FleetPlan* plan_;
    std::optional<Arrivals> arrivals_;
    TimelineSettings settings_;
    std::vector<Model> models_;
    std::vector<std::size_t> model_index_;  // by device; empty = one model
    VirtualClock::time_point free_{};
    std::int64_t taken_ = 0;  // arrivals in the inbox
    bool all_here_ = false;   // nothing comes any more
    std::int32_t updates_left_of_arrival_ = 0;
    std::size_t turn_ = 0;  // whose replay is next, per_device
    std::int64_t updates_ = 0;
    std::int64_t inbox_samples_ = 0;
    std::vector<EventId> inputs_;  // of the next step
    double best_metric_ = -std::numeric_limits<double>::infinity();
    int evaluations_since_best_ = 0;
    bool stopped_ = false;
};

}  // namespace mobi
