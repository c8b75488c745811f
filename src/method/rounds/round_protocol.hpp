// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "method/fleet_plan.hpp"
#include "method/protocol.hpp"
#include "method/rounds/parameters.hpp"
#include "method/rounds/round_work.hpp"

namespace mobi {

/// What methods of rounds are a function of.
struct RoundSettings {
    std::uint64_t seed = 1;
    RoundParameters rounds;
    double server_rate_flop_per_s = 5e12;
};

/// The samples of a device's whole shard, in every round.  \param plan  must outlive the result.
std::function<std::vector<SampleId>(DeviceId, std::int32_t)> whole_shards(const FleetPlan& plan);

/// The protocol that `rounds.protocol` asks for; every set of devices is equally likely.
/// \throws ConfigError  when the fleet has fewer admitted devices than `rounds.wanted`, or
/// `rounds.concurrency`.
std::unique_ptr<Protocol> make_rounds(const RoundSettings& settings,
                                      const FleetPlan& plan,
                                      RoundWork work);

}  // namespace mobi
