// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "method/fleet_plan.hpp"
#include "method/side/settings.hpp"

namespace mobi {

/// How long updates of one kind of batch take on this machine.
struct UpdateSpeed {
    /// Of the same updates, computed in one of two ways (OptimizerCalls).
    struct Way {
        std::int64_t launches = 0;  ///< tensor operators that were called (LaunchCounter)
        double seconds = 0;         ///< of an update, the median
    };
    std::int64_t sources = 0;   ///< among the batch's samples
    std::int64_t samples = 0;   ///< of the batch
    double sample_flop = 0;     ///< charged for a sample, the mean over the batch
    double sample_bytes = 0;    ///< likewise
    std::int64_t launches = 0;  ///< of an eager update, by formula (UpdateLaunches)
    Way eager;                  ///< as Trainer does it
    Way foreach;                ///< the same numbers, the optimiser with calls for all tensors
};

/// Real updates of Trainer on random taps: decoding the batch, mixup, forward, loss, backward,
/// clipping and optimiser; both ways in turn, so that a neighbour that slows the machine down slows
/// both.  Uses as many threads as the calling thread has by `at::set_num_threads`.
///
/// \param plan     at least one device is admitted and has samples.
/// \param sources  of the batch, 1 or more; at most those that have samples are taken.
/// \param samples  of the batch, in turn from its sources; fewer where the plan has not as many.
/// \param seconds  of the measurement.
UpdateSpeed measure_updates(const FleetPlan& plan,
                            const SideSettings& settings,
                            std::int64_t sources,
                            std::int64_t samples,
                            double seconds);

}  // namespace mobi
