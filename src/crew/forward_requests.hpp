// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "messages/work_request.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// The tokens that the emulated devices and the evaluation hold.
struct TokenTable {
    using Sample = DeviceSample;
    std::vector<Sample> train;              ///< by sample id, by its device's tokenizer
    std::vector<std::vector<Sample>> test;  ///< by backbone; empty where no device carries it
};

/// All forward passes of a run, cut into requests to workers.
///
/// A group is `forward.group_devices` consecutive devices of one backbone, the unit of hosting and
/// of batching (docs/design.md 4.2): which samples share a batch depends on nothing else.  The
/// test set comes first, in parts of kEvaluationPart samples, then the groups in the order of their
/// first arrival.
class ForwardRequests {
  public:
    static constexpr std::int64_t kEvaluationPart = 256;

    struct Entry {
        std::int32_t backbone = 0;
        PacketKind kind = PacketKind::Upload;
        std::vector<std::int64_t> deliveries;  ///< uploads: indices
        std::int64_t first = 0;                ///< first delivery, or first test sample
        double bytes = 0;                      ///< of its packets on the wire
    };

    /// \param plan, deliveries, tokens  must outlive this.
    /// \param evaluation                whether the test set is computed.
    ForwardRequests(const FleetPlan& plan,
                    std::span<const Delivery> deliveries,
                    const TokenTable& tokens,
                    bool evaluation,
                    std::int32_t group_devices);

    const std::vector<Entry>& entries() const noexcept { return entries_; }
    std::int64_t samples() const noexcept { return samples_; }

    /// The message of an entry, with its tokens.
    WorkRequest build(std::size_t number) const;

    /// Index of a packet's delivery; -1: not planned.
    std::int64_t delivery_of(std::int32_t device, std::int32_t packet) const;

  private:
    void plan_evaluation();
    void plan_groups(std::int32_t backbone, std::int32_t group_devices);

    const FleetPlan& plan_;
    std::span<const Delivery> deliveries_;
    const TokenTable& tokens_;
    std::vector<Entry> entries_;
    std::vector<std::vector<std::int64_t>> delivery_of_;  // [device][packet]
    std::int64_t samples_ = 0;
};

}  // namespace mobi
