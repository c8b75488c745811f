// SPDX-License-Identifier: Apache-2.0
#include "data/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "data/partition.hpp"

namespace mobi {
namespace {

constexpr std::uint32_t kOfSplit = 1;  // the partition draws from the same purpose, at 0

// Of Ladder Side-Tuning (arXiv 2206.06522).
constexpr std::size_t kSmallTask = 10'000;
constexpr std::size_t kValidationOfLargeTask = 1'000;

/// FedPETuning's share of the training samples (arXiv 2212.10025).
double fedpetuning_share(TaskForm task) {
    switch (task) {
        case TaskForm::Mrpc:
        case TaskForm::Rte:
        case TaskForm::Cola:
            return 0.1;
        case TaskForm::Sst2:
            return 0.01;
        case TaskForm::Table:
        case TaskForm::AgNews:
            break;
    }
    throw ConfigError(
        "data.split = fedpetuning: it has shares for data.task = mrpc, rte, cola and sst2; "
        "accepted "
        "with another task: none, lst, or a share of train such as 0.1");
}

std::size_t rounded_share(double share, std::size_t samples) {
    return static_cast<std::size_t>(std::llround(share * static_cast<double>(samples)));
}

/// The samples at some places, in their order; `taken` are moved out.
template <typename Values>
Values take_out(Values& values, const std::vector<bool>& taken) {
    Values out;
    if (values.empty()) return out;
    Values kept;
    for (std::size_t i = 0; i < values.size(); ++i)
        (taken[i] ? out : kept).push_back(std::move(values[i]));
    values = std::move(kept);
    return out;
}

TextSet take_out(TextSet& part, std::span<const std::size_t> places) {
    std::vector<bool> taken(part.size(), false);
    for (const std::size_t place : places) taken[place] = true;
    part.places.resize(part.size());
    std::iota(part.places.begin(), part.places.end(), 0);
    TextSet out;
    out.file = part.file;
    out.truth.classes = part.truth.classes;
    out.lines = take_out(part.lines, taken);
    out.pairs = take_out(part.pairs, taken);
    out.places = take_out(part.places, taken);
    out.truth.labels = take_out(part.truth.labels, taken);
    out.truth.targets = take_out(part.truth.targets, taken);
    out.texts = take_out(part.texts, taken);
    return out;
}

std::string text_of(const DataSplit& split) {
    switch (split.rule) {
        case SplitRule::FedPetuning:
            return "fedpetuning";
        case SplitRule::Lst:
            return "lst";
        case SplitRule::Share:
            return fmt::format("{}", split.share);
        case SplitRule::None:
            break;
    }
    return "none";
}

}  // namespace

std::vector<std::size_t> stratified_sample(const Truth& truth,
                                           std::size_t count,
                                           std::uint64_t seed) {
    MOBI_CHECK(count <= truth.size(), "{} of {} samples", count, truth.size());
    std::vector<std::vector<std::size_t>> classes(static_cast<std::size_t>(truth.classes));
    for (std::size_t i = 0; i < truth.size(); ++i)
        classes[static_cast<std::size_t>(truth.labels[i])].push_back(i);
    std::vector<double> shares;
    std::vector<std::int64_t> sizes;
    for (const auto& members : classes) {
        sizes.push_back(static_cast<std::int64_t>(members.size()));
        shares.push_back(static_cast<double>(members.size()));
    }
    const std::vector<std::int64_t> counts =
        internal::apportion(static_cast<std::int64_t>(count), shares, sizes);
    std::vector<std::size_t> drawn;
    for (std::size_t c = 0; c < classes.size(); ++c) {
        RandomStream stream(seed, Purpose::PartitionDeal, c, kOfSplit);
        for (const std::uint64_t place : sample_without_replacement(
                 stream, classes[c].size(), static_cast<std::uint64_t>(counts[c])))
            drawn.push_back(classes[c][place]);
    }
    std::sort(drawn.begin(), drawn.end());
    return drawn;
}

void split_off_validation(const DataParameters& parameters, Task& task) {
    const DataSplit& split = parameters.split;
    if (split.rule == SplitRule::None) return;
    const std::size_t train = task.train.size();
    task.validation_of_test = split.rule == SplitRule::Lst && train < kSmallTask;
    TextSet& source = task.validation_of_test ? task.test : task.train;
    std::size_t count = kValidationOfLargeTask;
    if (task.validation_of_test)
        count = source.size() / 2;
    else if (split.rule == SplitRule::FedPetuning)
        count = rounded_share(fedpetuning_share(parameters.task), train);
    else if (split.rule == SplitRule::Share)
        count = rounded_share(split.share, train);
    if (count == 0 || count >= source.size())
        throw ConfigError(fmt::format(
            "data.split = {}: {} of the {} {} samples would be for validation; both it and the "
            "rest need one at least",
            text_of(split), count, source.size(), task.validation_of_test ? "test" : "training"));
    task.validation =
        take_out(source, stratified_sample(source.truth, count, parameters.split_seed));
}

}  // namespace mobi
