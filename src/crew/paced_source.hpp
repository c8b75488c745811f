// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "crew/forward_requests.hpp"
#include "crew/live_source.hpp"
#include "crew/wall_pace.hpp"
#include "messages/pace_plan.hpp"
#include "method/recorded_fleet.hpp"
#include "transport/channel.hpp"

namespace mobi {

/// The wall clock (docs/design.md 4.3): the server takes packets when they really come, and its
/// updates last as long as the model says.
///
/// Groups are dealt to the workers in turn.  With `run.prefetch` every forward pass is done before
/// the pace begins; without it a packet is computed when its device computes it.  Then all begin
/// together: the workers' clocks are compared with rank 0's, and each is told its own starting
/// time.  Compute, link and server models give the times; the workers keep them (Pacer).
///
/// Only the calling thread uses the channel.
class PacedSource final : public LiveSource, public SettledFleet {
  public:
    struct Pace {
        double time_scale = 1;  ///< virtual seconds per real second
        bool prefetch = true;
    };

    /// \param plan, deliveries, lost, tokens  must outlive the source.
    /// \param past  of a run that goes on: what had arrived, with measured times, in that order; it
    ///              is told again, and nobody takes it.
    PacedSource(Channel& channel,
                const FleetPlan& plan,
                std::span<const Delivery> deliveries,
                std::span<const LostWork> lost,
                const TokenTable& tokens,
                Pace pace,
                LiveSettings settings,
                std::vector<Delivery> past = {});

    // LiveSource
    Payload take(std::int64_t index) override;
    void skip(std::int64_t) override {}
    void archive(Archive&) override {}
    void go_on() override {}
    /// Computes the test set, and what is computed beforehand.
    std::shared_ptr<const EvaluationData> evaluation() override;
    std::map<int, WorkerReport> stop() override;
    const WorkerReplies& replies() const override { return replies_; }
    std::int64_t samples_planned() const override { return requests_.samples(); }

    // SettledFleet
    /// As planned.  \pre  next() has returned nothing yet.
    void forecast(const std::function<bool(const FleetEvent&)>& look) override;
    /// Waits only for `until` = for ever: what has come by an earlier time, which is not in the
    /// future, is there.
    const FleetEvent* next(VirtualClock::time_point until) override;
    const Delivery& delivery(std::int64_t index) const override {
        return arrived_[static_cast<std::size_t>(index)];
    }
    std::int64_t delivered() const override { return told_; }

    /// The server's own; it begins with the workers'.
    WallPace& pace() noexcept { return pace_; }
    const WallPace& pace() const noexcept { return pace_; }
    /// By rank; complete after stop().
    const std::map<int, PaceReport>& pace_reports() const noexcept { return pace_reports_; }

  private:
    /// A packet of which segments have come.
    struct Assembly {
        std::int32_t attempt = 0;
        Bytes bytes;
    };

    void pump(WallClock::duration patience);
    /// Tells the workers what to keep.  \return  when all begin.
    WallClock::time_point start(VirtualClock::time_point from);
    /// Whether delivery `index` has come.  Waits for it; false: there are no more.
    bool wait_for(std::int64_t index);
    int worker_of(const ForwardRequests::Entry& entry) const;
    void grant();
    void take_segment(Message message);
    /// By how much the worker's clock is ahead of this rank's.
    WallClock::duration clock_offset(int worker);

    Channel& channel_;
    const FleetPlan& plan_;
    RecordedFleet planned_;
    std::vector<Delivery> rest_;            // where some of `deliveries` are past: the others
    std::span<const Delivery> deliveries_;  // that are to come
    std::span<const LostWork> lost_;
    bool prefetch_;
    double time_scale_;
    LiveSettings settings_;
    ForwardRequests requests_;
    WorkerReplies replies_;
    std::vector<int> worker_of_device_;  // 0: of none
    std::size_t granted_ = 0;
    std::optional<double> clock_answer_;
    std::map<std::int64_t, Assembly> assemblies_;
    std::size_t past_ = 0;          // of `arrived_`
    std::deque<Delivery> arrived_;  // in order of arrival
    std::deque<Packet> packets_;    // of `arrived_`, empty once taken
    std::int64_t told_ = 0;         // of them, by next()
    FleetEvent event_;              // the last of these
    std::map<int, PaceReport> pace_reports_;
    WallPace pace_;
};

}  // namespace mobi
