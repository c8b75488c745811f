// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "method/server_parameters.hpp"
#include "method/side/fewest_passes.hpp"
#include "method/side/sample_set.hpp"

namespace mobi {

/// Draws the batches of replay from the samples that have arrived (docs/method.md 1.6, 1.7).
///
/// Every draw is keyed by (seed, update or epoch) and reads ids in increasing order, never by place
/// or time of arrival: two runs whose inboxes hold the same samples draw the same batches.
///
/// `uniform`: distinct samples, all batches equally likely.  `permutation`: epochs, each a
/// permutation of what is there when it begins, cut into batches.  `auto`: uniform while uploads
/// are outstanding, then permutations.  With `server.balance` the slots of a batch go round the
/// strata (backbones or devices), so that each has the same share whatever its number of samples;
/// or, `passes`, the samples with the fewest passes come first, whatever the sampler.
class BatchSampler {
  public:
    struct Stratum {
        std::vector<std::int32_t> samples;  ///< all that will ever arrive
    };

    /// \param strata   a partition of the planned samples; one stratum = no balance.
    /// \param network  distinguishes the draws of the networks of `server.mode = per_device`; else
    /// 0.
    BatchSampler(const ServerParameters& parameters,
                 std::uint64_t seed,
                 std::uint32_t network,
                 const std::vector<Stratum>& strata);

    /// A sample has arrived.  \return false when it was there already, which has no effect.
    bool insert(std::int32_t sample);

    /// Samples have, or will surely have, been used otherwise: `server.balance = passes` counts it.
    void count(std::span<const std::int32_t> samples, std::int32_t passes);

    /// Samples that have arrived.
    std::int64_t size() const noexcept { return size_; }
    std::int64_t planned() const noexcept { return planned_; }

    /// The batch of update `update`, ids increasing.  \pre size() > 0
    /// \param complete  whether no upload is outstanding.
    std::vector<std::int32_t> draw(std::int64_t update, bool complete);

  private:
    std::vector<std::int32_t> draw_uniform(std::int64_t update);
    std::vector<std::int32_t> draw_fewest(std::int64_t update);
    std::vector<std::int32_t> draw_permuted();
    void begin_epoch();

    ServerParameters parameters_;
    std::uint64_t seed_;
    std::uint32_t network_;
    std::vector<SampleSet> strata_;
    std::optional<FewestPasses> fewest_;  // server.balance = passes
    std::int64_t size_ = 0;
    std::int64_t planned_ = 0;
    std::vector<std::int32_t> epoch_;  // the permutation being dealt
    std::size_t dealt_ = 0;
    std::uint64_t epochs_begun_ = 0;
};

}  // namespace mobi
