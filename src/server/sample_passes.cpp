// SPDX-License-Identifier: Apache-2.0
#include "server/sample_passes.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace mobi {
namespace {

constexpr std::size_t kDeciles = 10;

/// Adds up the passes of the samples of one group.
struct Sum {
    std::int32_t samples = 0;
    std::int64_t passes = 0;
    std::int32_t fewest = std::numeric_limits<std::int32_t>::max();
    std::int32_t most = 0;

    void add(std::int32_t count) {
        ++samples;
        passes += count;
        fewest = std::min(fewest, count);
        most = std::max(most, count);
    }
};

record::PassRow row_of(record::PassGroup group, std::int32_t number, const Sum& sum) {
    record::PassRow row{};
    row.group = static_cast<std::int8_t>(group);
    row.number = number;
    row.samples = sum.samples;
    row.mean = static_cast<double>(sum.passes) / sum.samples;
    row.fewest = sum.fewest;
    row.most = sum.most;
    return row;
}

}  // namespace

void SamplePasses::arrived(std::span<const std::int32_t> samples) {
    std::vector<std::int32_t> sorted(samples.begin(), samples.end());
    std::sort(sorted.begin(), sorted.end());  // a shard's order within a packet is not in the log
    for (const std::int32_t id : sorted) {
        const auto place = static_cast<std::size_t>(id);
        if (there_[place]) continue;
        there_[place] = true;
        arrived_.push_back(id);
    }
}

void SamplePasses::used(std::span<const std::int32_t> samples) {
    for (const std::int32_t id : samples) ++passes_[static_cast<std::size_t>(id)];
}

std::vector<record::PassRow> SamplePasses::rows(const FleetPlan& plan, const Truth& train) const {
    std::map<record::PassGroup, std::map<std::int32_t, Sum>> groups;
    const bool classes = !train.regression() && !train.empty();
    for (std::size_t place = 0; place < arrived_.size(); ++place) {
        const std::int32_t id = arrived_[place];
        const auto sample = static_cast<std::size_t>(id);
        // the last decile that begins at this place or before
        const auto decile =
            static_cast<std::int32_t>((kDeciles * (place + 1) - 1) / arrived_.size());
        const auto add = [&](record::PassGroup group, std::int32_t number) {
            groups[group][number].add(passes_[sample]);
        };
        add(record::PassGroup::Fleet, -1);
        add(record::PassGroup::Device, plan.samples[sample].device);
        if (classes) add(record::PassGroup::Class, train.labels[sample]);
        add(record::PassGroup::ArrivalDecile, decile);
    }
    std::vector<record::PassRow> rows;
    if (groups.empty() || groups.begin()->second.begin()->second.passes == 0) return rows;
    for (const auto& [group, members] : groups)
        for (const auto& [number, sum] : members) rows.push_back(row_of(group, number, sum));
    return rows;
}

}  // namespace mobi
