// SPDX-License-Identifier: Apache-2.0
#include "data/score.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "core/check.hpp"

namespace mobi {
namespace {

struct ClassCounts {
    std::int64_t hits = 0;
    std::int64_t both = 0;  // how often the class is the truth plus how often it is predicted
    double f1() const {
        return both == 0 ? 0 : 200.0 * static_cast<double>(hits) / static_cast<double>(both);
    }
};

ClassCounts counts_of(std::span<const std::int32_t> confusion, std::size_t classes, std::size_t c) {
    ClassCounts counts;
    counts.hits = confusion[c * classes + c];
    for (std::size_t other = 0; other < classes; ++other)
        counts.both += confusion[c * classes + other] + confusion[other * classes + c];
    return counts;
}

}  // namespace

Score score_classes(std::span<const std::int32_t> truth,
                    std::span<const std::int32_t> predicted,
                    int classes) {
    MOBI_CHECK(!truth.empty() && truth.size() == predicted.size() && classes >= 2,
               "{} labels, {} predictions, {} classes", truth.size(), predicted.size(), classes);
    const auto count = static_cast<std::size_t>(classes);
    Score score;
    score.confusion.assign(count * count, 0);
    for (std::size_t i = 0; i < truth.size(); ++i) {
        MOBI_CHECK(
            truth[i] >= 0 && truth[i] < classes && predicted[i] >= 0 && predicted[i] < classes,
            "sample {}: truth {}, prediction {} of {} classes", i, truth[i], predicted[i], classes);
        ++score.confusion[static_cast<std::size_t>(truth[i]) * count +
                          static_cast<std::size_t>(predicted[i])];
    }
    std::int64_t right = 0;
    double f1_sum = 0;
    int present = 0;
    for (std::size_t c = 0; c < count; ++c) {
        const ClassCounts counts = counts_of(score.confusion, count, c);
        right += counts.hits;
        f1_sum += counts.f1();
        present += counts.both > 0 ? 1 : 0;
    }
    score.f1 = count == 2 ? counts_of(score.confusion, count, 1).f1() : f1_sum / present;
    score.metric = 100.0 * static_cast<double>(right) / static_cast<double>(truth.size());
    return score;
}

Score score_regression(std::span<const float> truth, std::span<const float> predicted) {
    MOBI_CHECK(!truth.empty() && truth.size() == predicted.size(), "{} targets, {} predictions",
               truth.size(), predicted.size());
    const auto mean = [](std::span<const float> values) {
        return std::accumulate(values.begin(), values.end(), 0.0) /
               static_cast<double>(values.size());
    };
    const double truth_mean = mean(truth);
    const double predicted_mean = mean(predicted);
    double product = 0;
    double truth_square = 0;
    double predicted_square = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        const double t = static_cast<double>(truth[i]) - truth_mean;
        const double p = static_cast<double>(predicted[i]) - predicted_mean;
        product += t * p;
        truth_square += t * t;
        predicted_square += p * p;
    }
    Score score;
    score.f1 = std::numeric_limits<double>::quiet_NaN();
    score.metric = truth_square > 0 && predicted_square > 0
                       ? 100 * product / (std::sqrt(truth_square) * std::sqrt(predicted_square))
                       : std::numeric_limits<double>::quiet_NaN();
    return score;
}

}  // namespace mobi
