// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "method/side/settings.hpp"
#include "method/side/side_network.hpp"

namespace mobi {

/// Kernels that one update of the side network launches on a GPU where each tensor operator of the
/// trainer is launched by itself (eager execution), and numbers that it fetches, by what they are
/// for (docs/method.md 4.3).
struct UpdateLaunches {
    std::int64_t mixup = 0;
    std::int64_t forward = 0;
    std::int64_t loss = 0;  ///< labels and logit adjustment included
    std::int64_t backward = 0;
    std::int64_t norm = 0;  ///< of the gradient, tensor by tensor
    std::int64_t clip = 0;
    std::int64_t optimizer = 0;
    std::int64_t readout = 0;  ///< loss and gates for the log

    std::int64_t total() const noexcept {
        return mixup + forward + loss + backward + norm + clip + optimizer + readout;
    }
};

/// A formula of the network's shape and of the settings, held to the operators of real updates by a
/// test.  Independent of the batch's size, and of the numbers: clipping, which is one launch a
/// tensor where the gradient is too long, counts in every update unless it is off.
///
/// \param parts  sources among the batch's samples, 1 or more (SideShape::sources): each passes its
///               own projections, and only these are changed.
UpdateLaunches update_launches(const SideShape& shape,
                               const SideSettings& settings,
                               std::int64_t parts);

}  // namespace mobi
