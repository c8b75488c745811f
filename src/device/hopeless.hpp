// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/virtual_time.hpp"
#include "device/availability.hpp"

namespace mobi {

/// One piece of work is begun so often at most.  What is cut off ten thousand times in a row gets
/// through less than once in a thousand (else the odds against it are 22,000 to 1): the times of a
/// run are then those of its luck.
inline constexpr int kMostAttempts = 10'000;

/// Work that was cut off because its device went off.
struct CutOffWork {
    TimedWork work;
    VirtualClock::duration need{};  ///< what the attempt would have taken
    bool same_every_time = false;   ///< every attempt takes that; else they differ
    int attempts = 0;               ///< this one included
};

/// Judges work that is to be restarted.
/// \throws ConfigError  when it never gets through: it takes longer than its device, whose presence
///                      repeats, is ever on, or it was cut off kMostAttempts times.
void refuse_hopeless(const Presence& presence, const CutOffWork& cut);

/// The memory of what was lost is bounded too.
/// \param lost       attempts that were cut off, so far.
/// \param transfers  or packets, of the whole fleet.
/// \throws ConfigError  when there are more than two million and twenty for each of them.
void refuse_endless_losses(std::size_t lost, std::size_t transfers);

}  // namespace mobi
