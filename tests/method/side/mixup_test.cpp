// SPDX-License-Identifier: Apache-2.0
#include "method/side/mixup.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace mobi::test {
namespace {

constexpr std::int64_t kRows = 8;

/// Two parts of four and three rows and one of a single row; number c of row i is 1 where c = i,
/// so that a mixed row holds the weights of the rows it is made of.
TrainingBatch batch_of_unit_rows() {
    const at::Tensor rows = torch::eye(kRows);
    TrainingBatch batch;
    batch.residual = rows.clone();
    batch.labels = torch::arange(kRows);
    std::int64_t first = 0;
    for (const std::int64_t count : {4, 3, 1}) {
        const at::Tensor own = rows.narrow(0, first, count);
        batch.parts.push_back(
            {static_cast<std::int32_t>(batch.parts.size()), torch::stack({own, 2 * own})});
        first += count;
    }
    return batch;
}

TrainingBatch mixed(std::uint64_t update, double a = 0.4) {
    TrainingBatch batch = batch_of_unit_rows();
    RandomStream stream(1, Purpose::Mixup, update);
    mix_samples(batch, a, stream);
    return batch;
}

TEST(MixupTest, IsAFunctionOfItsKeyAlone) {
    EXPECT_TRUE(mixed(3).residual.equal(mixed(3).residual));
    EXPECT_FALSE(mixed(3).residual.equal(mixed(4).residual));
}

// What is written down gives the mixed rows again.
TEST(MixupTest, TellsPartnersAndShares) {
    TrainingBatch batch = batch_of_unit_rows();
    RandomStream stream(1, Purpose::Mixup, 3);
    const Mixture mixture = mix_samples(batch, 0.4, stream);
    ASSERT_EQ(mixture.partner.size(), static_cast<std::size_t>(kRows));
    for (std::int64_t row = 0; row < kRows; ++row) {
        const auto place = static_cast<std::size_t>(row);
        at::Tensor expected = torch::zeros(kRows);
        expected[row] += mixture.share[place];
        expected[mixture.partner[place]] += 1 - mixture.share[place];
        EXPECT_LT((batch.residual[row] - expected).abs().max().item<float>(), 1e-6);
    }
    EXPECT_EQ(mixture.partner[7], 7);
    EXPECT_EQ(mixture.share[7], 1);
}

TEST(MixupTest, MixesWithinAPartAndEachKeepsTheLargerShare) {
    int changed = 0;
    for (std::uint64_t update = 0; update < 50; ++update) {
        const at::Tensor weights = mixed(update).residual;
        EXPECT_LT((weights.sum(1) - 1).abs().max().item<float>(), 1e-6);
        EXPECT_GE(weights.diagonal().min().item<float>(), 0.5);
        for (std::int64_t row = 0; row < kRows; ++row)
            for (std::int64_t other = 0; other < kRows; ++other) {
                if (row == other || weights[row][other].item<float>() == 0) continue;
                ++changed;
                EXPECT_EQ(row < 4, other < 4);
                EXPECT_EQ(row < 7, other < 7);
            }
        EXPECT_EQ(weights[7][7].item<float>(), 1);  // alone in its part
    }
    EXPECT_GT(changed, 100);
}

TEST(MixupTest, TapsResidualAndLabelAreMixedAlike) {
    const TrainingBatch batch = mixed(5);
    EXPECT_TRUE(batch.labels.equal(batch.residual));
    std::int64_t first = 0;
    for (const SideInput& part : batch.parts) {
        const at::Tensor own = batch.residual.narrow(0, first, part.taps.size(1));
        EXPECT_TRUE(part.taps[0].equal(own));
        EXPECT_LT((part.taps[1] - 2 * own).abs().max().item<float>(), 1e-6);
        first += part.taps.size(1);
    }
}

TEST(MixupTest, WorksWithoutLabels) {
    TrainingBatch batch = batch_of_unit_rows();
    batch.labels = at::Tensor();
    RandomStream stream(1, Purpose::Mixup, 5);
    mix_samples(batch, 0.4, stream);
    EXPECT_FALSE(batch.labels.defined());
    EXPECT_TRUE(batch.residual.equal(mixed(5).residual));
}

TEST(MixupTest, SharesAreThoseOfTheBetaDistribution) {
    // max(λ, 1 - λ) of Beta(1, 1) is uniform in [½, 1]: mean ¾, variance 1/48.  Beta(a, a) with a
    // large a is ½, with a small one 0 or 1.  Rows that are their own partner count for nothing.
    double sum = 0;
    int count = 0;
    for (std::uint64_t update = 0; update < 2000; ++update) {
        const at::Tensor weights = mixed(update, 1).residual;
        for (std::int64_t row = 0; row < 7; ++row) {
            const auto share = weights[row][row].item<double>();
            if (share == 1) continue;
            sum += share;
            ++count;
        }
    }
    EXPECT_NEAR(sum / count, 0.75, 5 * std::sqrt(1.0 / 48 / count));
    EXPECT_NEAR(mixed(1, 1e4).residual.diagonal().min().item<float>(), 0.5, 0.05);
    EXPECT_GT(mixed(1, 1e-6).residual.diagonal().min().item<float>(), 0.999);
}

}  // namespace
}  // namespace mobi::test
