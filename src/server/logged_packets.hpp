// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "method/evaluation_data.hpp"
#include "method/fleet_plan.hpp"
#include "record/run_reader.hpp"
#include "wire/packet.hpp"

namespace mobi {

/// A packet as it came, out of a log.
/// \param log       of the delivery's backbone.
/// \param row_of    i -> the row of `log` that holds the delivery's i-th sample.
/// \param label_of  sample id -> its class; asked where packets carry labels.
Packet logged_packet(const Delivery& delivery,
                     const PacketLayout& layout,
                     const record::Activations& log,
                     const std::function<std::int64_t(std::size_t i)>& row_of,
                     const std::function<std::int32_t(std::int32_t sample)>& label_of);

/// The test set as the backbones saw it; null where the log has none.
std::shared_ptr<EvaluationData> logged_evaluation(const record::RunReader& reader,
                                                  const FleetPlan& plan);

}  // namespace mobi
