// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

#include "core/truth.hpp"
#include "crew/forward_requests.hpp"
#include "messages/work_request.hpp"
#include "method/evaluation_data.hpp"
#include "method/fleet_plan.hpp"
#include "transport/channel.hpp"

namespace mobi {

/// What one rank did for one backbone: the sums behind `/host`.
struct ForwardTotals {
    std::int32_t requests = 0;
    WorkReport sum;  ///< peak_flop_per_s is the largest
};
/// By rank, backbone and kind.
using ForwardTotalsMap = std::map<std::tuple<int, std::int32_t, PacketKind>, ForwardTotals>;

/// What workers answer: uploaded packets are handed on, test taps are put in their places, reports
/// are added up.
class WorkerReplies {
  public:
    /// \param plan, tokens  must outlive this.
    /// \param truth         of the validation and the test set; empty: nothing is evaluated.
    /// \param validation    samples of the first.
    WorkerReplies(const FleetPlan& plan,
                  const TokenTable& tokens,
                  const Truth& truth,
                  std::int64_t validation = 0);

    /// \param upload  takes each packet that the message carries for the server.
    /// \throws ProtocolError  when it is none of a worker's answers.
    void handle(const Message& message, const std::function<void(Packet)>& upload);

    /// The packet in some bytes from `worker`.  \throws ProtocolError, TransportError
    Packet decode(int worker, std::span<const std::byte> bytes) const;

    /// A request was sent to `worker`: it has one more to answer.
    void expect(int worker) { ++open_[worker]; }
    std::int32_t open_requests(int worker) const;
    std::int32_t open_requests() const;
    /// Of workers 1 to ranks - 1 the one with the fewest, the first of them.
    int idlest_worker(int ranks) const;

    /// The test set as the backbones see it; null without one.
    const std::shared_ptr<EvaluationData>& evaluation() const noexcept { return evaluation_; }
    /// Test samples still to come, over all backbones.
    std::int64_t evaluation_open() const noexcept { return evaluation_open_; }

    const ForwardTotalsMap& totals() const noexcept { return totals_; }
    const std::map<int, WorkerReport>& reports() const noexcept { return reports_; }
    std::int64_t samples_done() const noexcept { return samples_done_; }

  private:
    void keep_evaluation(int worker, const Packet& packet);
    /// Of a part of the test set; 0: nobody asks for it.
    std::int64_t test_samples_of(std::size_t backbone, std::int64_t part) const;
    void take_report(const Message& message);
    void add(int worker, const WorkReport& report);

    const FleetPlan& plan_;
    std::int32_t classes_;
    std::shared_ptr<EvaluationData> evaluation_;
    std::int64_t evaluation_open_ = 0;
    std::map<int, std::int32_t> open_;
    ForwardTotalsMap totals_;
    std::map<int, WorkerReport> reports_;
    std::int64_t samples_done_ = 0;
};

/// Tells the workers to end and waits for their reports, by rank.
/// \param pump  has `replies` handle what comes, for a while.
std::map<int, WorkerReport> stop_workers(Channel& channel,
                                         const WorkerReplies& replies,
                                         const std::function<void()>& pump);

}  // namespace mobi
