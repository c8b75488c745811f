// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/parameters.hpp"

namespace mobi {

/// Which device holds which samples.
struct Partition {
    std::vector<std::vector<std::int32_t>> shards;  ///< [device]: sample ids in the shard's order
};

/// Deals every sample to exactly one device.  A pure function of its arguments.
///
/// - `dirichlet` (FedPETuning's partition, docs/method.md 5.1): N / K samples a device; what does
///   not divide is spread over the fleet, so that sizes differ by one, or goes to the last device
///   (`data.remainder`).  Device by device, in a drawn order, class shares q ~ Dirichlet(alpha *
///   prior), prior = label frequencies (`data.concentration = total`), or Dirichlet(alpha, ...,
///   alpha) over the classes that occur (`per_class`); counts = size * q by largest remainder, cut
///   to what is left of each class; a shortage is filled from what is left of all classes, in
///   proportion to it.
/// - `uniform`: the same sizes from one permutation of all samples.
/// - `one_class`: every device holds samples of one class.  A class gets devices in proportion to
///   its samples, one at least, and deals its samples evenly among them, so sizes differ by class.
///   Which devices these are is drawn, or (`data.device_order = given`) the first class has the
///   first devices and so on.
///
/// Draws are keyed by seed and device (shares, order within the shard) or class (which samples).
///
/// \param labels   class of each sample, in [0, classes).
/// \throws ConfigError  when there are fewer samples (one_class: devices) than needed, or alpha is
///                      not above 0, times the share of the rarest class too.
Partition partition(const DataParameters& parameters,
                    std::span<const std::int32_t> labels,
                    int classes,
                    int devices,
                    std::uint64_t seed);

/// \throws ConfigError  when so many devices cannot have a sample each.
void refuse_too_many_devices(std::int64_t devices, std::size_t samples);

namespace internal {

/// `amount` split in proportion to `shares` by largest remainder (lowest index first); no part gets
/// more than its limit, what does not fit goes to the next largest fractions.
/// \pre the limits hold `amount`; the shares have a positive sum, none is negative
std::vector<std::int64_t> apportion(std::int64_t amount,
                                    std::span<const double> shares,
                                    std::span<const std::int64_t> limits);

}  // namespace internal

}  // namespace mobi
