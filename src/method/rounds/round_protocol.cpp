// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/round_protocol.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/virtual_time.hpp"
#include "method/rounds/buffered_rounds.hpp"
#include "method/rounds/sync_rounds.hpp"

namespace mobi {
namespace {

void require_devices(const char* key, std::int32_t wanted, std::int32_t admitted) {
    if (wanted > admitted)
        throw ConfigError(
            fmt::format("{} = {}: the fleet has {} admitted devices; accepted: at "
                        "most as many",
                        key, wanted, admitted));
}

}  // namespace

std::function<std::vector<SampleId>(DeviceId, std::int32_t)> whole_shards(const FleetPlan& plan) {
    return [&plan](DeviceId device, std::int32_t) {
        std::vector<SampleId> samples;
        for (const std::int32_t id : plan.devices[device.index()].samples) samples.emplace_back(id);
        return samples;
    };
}

std::unique_ptr<Protocol> make_rounds(const RoundSettings& settings,
                                      const FleetPlan& plan,
                                      RoundWork work) {
    const RoundParameters& rounds = settings.rounds;
    auto selector = std::make_unique<UniformSelector>(settings.seed);
    const std::int32_t admitted = plan.admitted_devices();
    if (rounds.protocol == RoundProtocol::Buffered) {
        require_devices("rounds.concurrency", rounds.concurrency, admitted);
        return std::make_unique<BufferedRounds>(
            BufferedRoundSettings{rounds.concurrency, rounds.wanted, rounds.count, rounds.dispatch},
            std::move(work), std::move(selector));
    }
    require_devices("rounds.wanted", rounds.wanted, admitted);
    SyncRoundSettings sync;
    sync.rounds = rounds.count;
    sync.wanted = rounds.wanted;
    sync.selected = rounds.selected;
    if (rounds.deadline_s > 0)
        sync.deadline = virtual_duration(rounds.deadline_s, {"the deadline of a round"});
    return std::make_unique<SyncRounds>(sync, std::move(work), std::move(selector));
}

}  // namespace mobi
