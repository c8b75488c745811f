// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "crew/packet_source.hpp"
#include "method/fleet_plan.hpp"
#include "record/run_reader.hpp"

namespace mobi {

/// Packets out of the log of an earlier run: what `replay` trains from, instead of a fleet.
///
/// A packet is put together from the logged samples it holds, wherever their rows are, so that the
/// timeline may be another one than the log's.
class LogSource : public PacketSource {
  public:
    /// \param reader, plan, deliveries  must outlive the source.
    /// \throws DataError  when a planned sample has no activations in the log.
    LogSource(const record::RunReader& reader,
              const FleetPlan& plan,
              std::span<const Delivery> deliveries);

    Payload take(std::int64_t index) override;
    std::shared_ptr<const EvaluationData> evaluation() override { return evaluation_; }
    /// Which log it is.  \throws DataError  when it reads that of another one.
    void archive(Archive& archive) override;

  private:
    /// Of everything that packets are made of.
    std::uint64_t content_key() const;

    std::span<const Delivery> deliveries_;
    const FleetPlan& plan_;
    std::vector<record::Activations> activations_;                     // by backbone
    std::vector<std::map<std::int32_t, std::int64_t>> row_of_sample_;  // by backbone
    std::vector<std::int32_t> label_of_sample_;  // uploaded only with `packet.labels`
    std::shared_ptr<EvaluationData> evaluation_;
    std::optional<std::uint64_t> content_key_;
};

}  // namespace mobi
