// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/id.hpp"
#include "core/rng.hpp"

namespace mobi {

/// Where the draws of one device come from; `number` counts what they are for (its computations,
/// its uploads), from 0, over the whole run.
inline RandomStream draws_of(std::uint64_t seed,
                             Purpose purpose,
                             DeviceId device,
                             std::uint32_t number = 0) {
    return {seed, purpose, static_cast<std::uint64_t>(device.value()), number};
}

}  // namespace mobi
