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

#include "core/paced_clock.hpp"
#include "messages/pace_plan.hpp"
#include "method/arrivals.hpp"
#include "server/forward_requests.hpp"
#include "server/live_source.hpp"
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
class PacedSource final : public LiveSource, public Arrivals, public ServerPace {
  public:
    struct Pace {
        double time_scale = 1;  ///< virtual seconds a real one
        bool prefetch = true;
    };
    /// What the server's own pace missed.
    struct Overruns {
        std::int64_t count = 0;
        WallClock::duration worst{};
    };

    /// \param plan, deliveries, lost, tokens  must outlive the source.
    PacedSource(Channel& channel,
                const FleetPlan& plan,
                std::span<const Delivery> deliveries,
                std::span<const LostWork> lost,
                const TokenTable& tokens,
                Pace pace,
                LiveSettings settings);

    // LiveSource
    Packet take(std::int64_t index) override;
    /// Computes the test set, and what is computed beforehand.
    std::shared_ptr<const EvaluationData> evaluation() override;
    std::map<int, WorkerReport> stop() override;
    const WorkerReplies& replies() const override { return replies_; }
    std::int64_t samples_planned() const override { return requests_.samples(); }

    // Arrivals
    std::span<const Delivery> planned() const override { return deliveries_; }
    const Delivery* get(std::int64_t index) override;
    std::int64_t count_by(VirtualClock::time_point time) override;

    // ServerPace
    void begin() override;
    VirtualClock::time_point finish(std::int64_t update,
                                    VirtualClock::time_point planned,
                                    const std::function<bool()>& done) override;

    void wait_until(VirtualClock::time_point time) override;

    /// Real time from the start of the pace to the last wait_until().
    double paced_s() const noexcept { return paced_s_; }
    const Overruns& server_overruns() const noexcept { return server_overruns_; }
    /// By rank; complete after stop().
    const std::map<int, PaceReport>& pace_reports() const noexcept { return pace_reports_; }

  private:
    /// A packet of which segments have come.
    struct Assembly {
        std::int32_t attempt = 0;
        Bytes bytes;
    };

    void pump(WallClock::duration patience);
    int worker_of(const ForwardRequests::Entry& entry) const;
    void grant();
    void take_segment(Message message);
    /// By how much the worker's clock is ahead of this rank's.
    WallClock::duration clock_offset(int worker);

    Channel& channel_;
    const FleetPlan& plan_;
    std::span<const Delivery> deliveries_;
    std::span<const LostWork> lost_;
    Pace pace_;
    LiveSettings settings_;
    ForwardRequests requests_;
    WorkerReplies replies_;
    std::vector<int> worker_of_device_;  // 0: of none
    std::size_t granted_ = 0;
    std::optional<double> clock_answer_;
    std::optional<PacedClock> clock_;  // once the pace has begun
    std::map<std::int64_t, Assembly> assemblies_;
    std::deque<Delivery> arrived_;  // in order of arrival
    std::deque<Packet> packets_;    // of `arrived_`, empty once taken
    double paced_s_ = 0;
    Overruns server_overruns_;
    std::map<int, PaceReport> pace_reports_;
};

}  // namespace mobi
