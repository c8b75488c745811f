// SPDX-License-Identifier: Apache-2.0
#include "method/side/batch_sampler.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/check.hpp"
#include "core/rng.hpp"

namespace mobi {

BatchSampler::BatchSampler(const ServerParameters& parameters,
                           std::uint64_t seed,
                           std::uint32_t network,
                           const std::vector<Stratum>& strata)
    : parameters_(parameters), seed_(seed), network_(network) {
    std::vector<std::int32_t> all;
    for (const Stratum& stratum : strata) {
        strata_.emplace_back(stratum.samples);
        planned_ += strata_.back().universe_size();
        if (parameters.balance == Balance::Passes)
            all.insert(all.end(), stratum.samples.begin(), stratum.samples.end());
    }
    if (parameters.balance == Balance::Passes) fewest_.emplace(std::move(all));
}

bool BatchSampler::insert(std::int32_t sample) {
    for (SampleSet& stratum : strata_) {
        // Strata partition the samples; which one it is, only the set itself can tell cheaply.
        if (strata_.size() > 1 && !stratum.plans(sample)) continue;
        const bool fresh = stratum.insert(sample);
        if (fresh) ++size_;
        if (fresh && fewest_) fewest_->insert(sample);
        return fresh;
    }
    MOBI_CHECK(false, "sample {} was not planned", sample);
    return false;
}

void BatchSampler::count(std::span<const std::int32_t> samples, std::int32_t passes) {
    if (fewest_) fewest_->add(samples, passes);
}

std::vector<std::int32_t> BatchSampler::draw(std::int64_t update, bool complete) {
    MOBI_CHECK(size_ > 0, "a batch from an empty inbox");
    const bool permuted = parameters_.sampler == Sampler::Permutation ||
                          (parameters_.sampler == Sampler::Auto && complete);
    std::vector<std::int32_t> batch = fewest_    ? draw_fewest(update)
                                      : permuted ? draw_permuted()
                                                 : draw_uniform(update);
    std::sort(batch.begin(), batch.end());
    return batch;
}

std::vector<std::int32_t> BatchSampler::draw_uniform(std::int64_t update) {
    RandomStream stream(seed_, Purpose::ReplayUniform, static_cast<std::uint64_t>(update),
                        network_);
    const std::int64_t count = std::min<std::int64_t>(parameters_.batch, size_);
    std::vector<SampleSet*> filled;
    for (SampleSet& stratum : strata_)
        if (stratum.size() > 0) filled.push_back(&stratum);
    // Slots go round the strata from a random one; a stratum that is exhausted passes its slot on.
    std::vector<std::int64_t> quota(filled.size(), 0);
    std::size_t turn = static_cast<std::size_t>(stream.below(filled.size()));
    for (std::int64_t slot = 0; slot < count; turn = (turn + 1) % filled.size()) {
        if (quota[turn] == filled[turn]->size()) continue;
        ++quota[turn];
        ++slot;
    }
    std::vector<std::int32_t> batch;
    for (std::size_t i = 0; i < filled.size(); ++i)
        for (const std::uint64_t rank :
             sample_without_replacement(stream, static_cast<std::uint64_t>(filled[i]->size()),
                                        static_cast<std::uint64_t>(quota[i])))
            batch.push_back(filled[i]->select(static_cast<std::int64_t>(rank)));
    return batch;
}

std::vector<std::int32_t> BatchSampler::draw_fewest(std::int64_t update) {
    RandomStream stream(seed_, Purpose::ReplayUniform, static_cast<std::uint64_t>(update),
                        network_);
    return fewest_->draw(stream, std::min<std::int64_t>(parameters_.batch, size_));
}

void BatchSampler::begin_epoch() {
    epoch_.clear();
    dealt_ = 0;
    RandomStream stream(seed_, Purpose::ReplayEpoch, epochs_begun_++, network_);
    std::vector<std::vector<std::int32_t>> shuffled;
    for (const SampleSet& stratum : strata_) {
        std::vector<std::int32_t> ids = stratum.sorted();
        if (ids.empty()) continue;
        stream.shuffle(std::span(ids));
        shuffled.push_back(std::move(ids));
    }
    if (shuffled.size() == 1) {
        epoch_ = std::move(shuffled.front());
        return;
    }
    // As many slots as samples; small strata come round more than once.
    std::vector<std::size_t> next(shuffled.size(), 0);
    for (std::int64_t slot = 0; slot < size_; ++slot) {
        const auto stratum = static_cast<std::size_t>(slot) % shuffled.size();
        epoch_.push_back(shuffled[stratum][next[stratum]++ % shuffled[stratum].size()]);
    }
}

std::vector<std::int32_t> BatchSampler::draw_permuted() {
    if (dealt_ == epoch_.size()) begin_epoch();
    const std::size_t count =
        std::min(static_cast<std::size_t>(parameters_.batch), epoch_.size() - dealt_);
    const auto first = epoch_.begin() + static_cast<std::ptrdiff_t>(dealt_);
    dealt_ += count;
    return {first, first + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace mobi
