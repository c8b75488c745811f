// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "device/compute_model.hpp"

namespace mobi {

/// One piece of a task: fetch, compute, send.  Zero bytes or no work: that leg is left out.
struct Part {
    std::int64_t down_bytes = 0;  ///< charged on the downlink
    ComputeWork compute;          ///< no samples and no FLOPs: nothing is computed
    std::int64_t up_bytes = 0;    ///< charged on the uplink

    bool computes() const noexcept { return compute.samples > 0 || compute.flop > 0; }
};

/// What the server asks one device to do.
struct DeviceTask {
    TaskId id;
    DeviceId device;
    VirtualClock::time_point ready{};  ///< not before
    std::int32_t round = 0;
    std::int64_t version = 0;  ///< which state of the server's weights it starts from
    std::vector<Part> parts;   ///< at least one; part j + 1 computes while part j is sent
    std::vector<SampleId> samples;
};

}  // namespace mobi
