// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "crew/forward_requests.hpp"
#include "crew/live_source.hpp"
#include "transport/channel.hpp"

namespace mobi {

/// Packets of the virtual clock: computed by workers, requested group by group in the order of
/// their first arrival, as long as the packets that were requested and not yet taken stay below
/// `forward.window`; the group that holds the next packet is always requested.
///
/// Only the calling thread uses the channel.
class FleetSource final : public LiveSource {
  public:
    /// \param plan, deliveries, tokens  must outlive the source.
    FleetSource(Channel& channel,
                const FleetPlan& plan,
                std::span<const Delivery> deliveries,
                const TokenTable& tokens,
                LiveSettings settings);

    Payload take(std::int64_t index) override;
    std::shared_ptr<const EvaluationData> evaluation() override;
    std::map<int, WorkerReport> stop() override;
    const WorkerReplies& replies() const override { return replies_; }
    std::int64_t samples_planned() const override { return requests_.samples(); }

  private:
    bool was_taken(const ForwardRequests::Entry& entry) const;
    double bytes_of(const Packet& packet) const;
    void grant(std::optional<std::int64_t> wanted);
    /// Grants what may be granted, then handles one message or waits a little.
    void pump(std::optional<std::int64_t> wanted);

    Channel& channel_;
    const FleetPlan& plan_;
    LiveSettings settings_;
    ForwardRequests requests_;
    WorkerReplies replies_;
    std::size_t granted_ = 0;
    double outstanding_bytes_ = 0;
    std::map<std::int64_t, Packet> received_;  // delivered by workers, not yet taken
};

}  // namespace mobi
