// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "method/fleet_plan.hpp"
#include "model/parameters.hpp"
#include "server/packet_source.hpp"
#include "transport/channel.hpp"
#include "worker/forward_request.hpp"

namespace mobi {

/// The tokens that the emulated devices and the evaluation hold.
struct TokenTable {
    using Sample = ForwardRequest::Sample;
    std::vector<Sample> train;              ///< by sample id, by its device's tokenizer
    std::vector<std::vector<Sample>> test;  ///< by backbone; empty where no device carries it
};

/// What one rank did for one backbone: the sums behind `/host`.
struct ForwardTotals {
    std::int32_t requests = 0;
    RequestReport sum;  ///< peak_flop_per_s is the largest
};

/// Packets computed by workers, requested group by group.
///
/// A group is `forward.group_devices` consecutive devices of one backbone, the unit of hosting and
/// of batching (DESIGN.md section 4): which samples share a batch depends on nothing else.  Groups
/// are requested in the order of their first arrival, as long as the packets that were requested
/// and not yet taken stay below `forward.window`; the group that holds the next packet is always
/// requested.  The test set comes first, in parts of 256 samples.
///
/// Only the calling thread uses the channel.
class FleetSource : public PacketSource {
  public:
    struct Settings {
        ForwardParameters forward;
        std::int32_t classes = 0;
        std::int32_t threads_per_worker = 1;
        std::vector<float> test_targets;  ///< regression
        std::vector<std::int32_t> test_labels;
        /// Called while waiting; may throw to give up.
        std::function<void()> on_wait;
    };

    /// \param plan, deliveries, tokens  must outlive the source.
    FleetSource(Channel& channel,
                const FleetPlan& plan,
                std::span<const Delivery> deliveries,
                const TokenTable& tokens,
                Settings settings);

    Packet take(std::int64_t index) override;
    std::shared_ptr<const EvaluationData> evaluation() override;

    /// Tells the workers to end and waits for their reports, by rank.
    std::map<int, WorkerReport> stop();

    /// By rank, backbone and kind.
    const std::map<std::tuple<int, std::int32_t, PacketKind>, ForwardTotals>& totals() const {
        return totals_;
    }
    std::int64_t samples_done() const noexcept { return samples_done_; }
    std::int64_t samples_planned() const noexcept { return samples_planned_; }

  private:
    struct Request {
        std::int32_t backbone = 0;
        PacketKind kind = PacketKind::Upload;
        std::vector<std::int64_t> deliveries;  // uploads: indices; evaluation: first, last sample
        std::int64_t first = 0;                // first delivery, or first test sample
        double bytes = 0;
        std::int64_t open_packets = 0;
    };

    void plan_evaluation();
    void plan_groups(std::int32_t backbone);
    ForwardRequest build(std::size_t number) const;
    void grant(std::optional<std::int64_t> wanted);
    /// Grants what may be granted, then handles one message or waits a little.
    void pump(std::optional<std::int64_t> wanted);
    void handle(const Message& message);
    void handle_packet(const Message& message);
    void keep_evaluation(const Packet& packet);

    Channel& channel_;
    const FleetPlan& plan_;
    std::span<const Delivery> deliveries_;
    const TokenTable& tokens_;
    Settings settings_;
    std::vector<Request> requests_;  // in the order they are granted
    std::size_t granted_ = 0;
    std::map<int, std::int32_t> open_by_worker_;
    double outstanding_bytes_ = 0;
    std::vector<std::vector<std::int64_t>> delivery_of_;  // [device][packet]
    std::map<std::int64_t, Packet> received_;             // delivered by workers, not yet taken
    std::shared_ptr<EvaluationData> evaluation_;
    std::int64_t evaluation_open_ = 0;  // test samples still to come, over all backbones
    std::map<std::tuple<int, std::int32_t, PacketKind>, ForwardTotals> totals_;
    std::map<int, WorkerReport> reports_;
    std::int64_t samples_done_ = 0;
    std::int64_t samples_planned_ = 0;
};

}  // namespace mobi
