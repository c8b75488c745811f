// SPDX-License-Identifier: Apache-2.0
#include "core/rng.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

// Known answers of Random123 1.14 (kat_vectors: philox4x32, 10 rounds).
TEST(PhiloxTest, GivesTheKnownAnswers) {
    using Block = std::array<std::uint32_t, 4>;
    EXPECT_EQ(internal::philox({0, 0, 0, 0}, {0, 0}),
              (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    const std::uint32_t ones = 0xffffffff;
    EXPECT_EQ(internal::philox({ones, ones, ones, ones}, {ones, ones}),
              (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(RandomStreamTest, IsAFunctionOfItsKeyAlone) {
    RandomStream a(7, Purpose::Test, 3);
    RandomStream b(7, Purpose::Test, 3);
    RandomStream other(7, Purpose::Test, 4);
    RandomStream sub(7, Purpose::Test, 3, 1);
    const auto first = a.next_u64();
    EXPECT_EQ(first, b.next_u64());
    EXPECT_NE(first, other.next_u64());
    EXPECT_NE(first, sub.next_u64());
}

TEST(RandomStreamTest, BelowIsUniform) {
    RandomStream stream(1, Purpose::Test);
    std::array<int, 7> counts{};
    for (int i = 0; i < 70000; ++i) ++counts[stream.below(7)];
    for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(10000.0));
}

TEST(RandomStreamTest, NormalHasMeanZeroAndVarianceOne) {
    RandomStream stream(2, Purpose::Test);
    double sum = 0;
    double squares = 0;
    constexpr int n = 100000;
    for (int i = 0; i < n; ++i) {
        const double x = stream.normal();
        sum += x;
        squares += x * x;
    }
    EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
    EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(RandomStreamTest, GammaHasItsMeanAtSmallAndLargeShapes) {
    for (const double shape : {0.1, 1.0, 4.5}) {
        RandomStream stream(3, Purpose::Test, static_cast<std::uint64_t>(shape * 10));
        double sum = 0;
        constexpr int n = 100000;
        for (int i = 0; i < n; ++i) sum += std::exp(stream.log_gamma_draw(shape));
        EXPECT_NEAR(sum / n, shape, 5 * std::sqrt(shape / n)) << shape;
    }
}

TEST(DirichletTest, TinyConcentrationsDoNotUnderflow) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        RandomStream stream(seed, Purpose::Test);
        const std::vector<double> alpha(10, 0.0001);
        const auto shares = dirichlet(stream, alpha);
        EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1, 1e-12);
    }
}

TEST(SampleWithoutReplacementTest, IsSortedDistinctAndUniform) {
    std::vector<int> counts(20, 0);
    for (std::uint64_t i = 0; i < 20000; ++i) {
        RandomStream stream(5, Purpose::Test, i);
        const auto chosen = sample_without_replacement(stream, 20, 5);
        ASSERT_EQ(std::set<std::uint64_t>(chosen.begin(), chosen.end()).size(), 5U);
        ASSERT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
        for (const auto index : chosen) ++counts[index];
    }
    for (const int count : counts) EXPECT_NEAR(count, 5000, 5 * std::sqrt(5000.0));
}

TEST(ShuffleTest, IsAPermutation) {
    std::vector<int> values(100);
    std::iota(values.begin(), values.end(), 0);
    RandomStream stream(6, Purpose::Test);
    stream.shuffle(std::span(values));
    EXPECT_FALSE(std::is_sorted(values.begin(), values.end()));
    std::sort(values.begin(), values.end());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace mobi::test
