// SPDX-License-Identifier: Apache-2.0
#include "core/rng.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

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

TEST(PhiloxTest, GivesTheKnownAnswerOfPi) {
    EXPECT_EQ(internal::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                               {0xa4093822, 0x299f31d0}),
              (std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// FNV-1a, 64 bits: the test vectors of its authors (draft-eastlake-fnv).
TEST(TextKeyTest, GivesTheKnownHashes) {
    static_assert(text_key("") == 0xcbf29ce484222325);
    static_assert(text_key("a") == 0xaf63dc4c8601ec8c);
    static_assert(text_key("foobar") == 0x85944171f73967e8);
}

TEST(RandomStreamTest, EveryPartOfTheKeyChangesTheStream) {
    std::set<std::uint64_t> first;
    std::size_t streams = 0;
    for (const std::uint64_t seed : {0ULL, 1ULL, 1ULL << 32U, ~0ULL})
        for (const Purpose purpose : {Purpose::Partition, Purpose::Test, Purpose::Selection})
            for (const std::uint64_t index : {0ULL, 1ULL, 1ULL << 32U})
                for (const std::uint32_t subindex : {0U, 1U, ~0U}) {
                    first.insert(RandomStream(seed, purpose, index, subindex).next_u64());
                    ++streams;
                }
    EXPECT_EQ(first.size(), streams);
}

TEST(RandomStreamTest, WordsOf64BitsAreTwoOf32LowOneFirst) {
    RandomStream words(1, Purpose::Test);
    RandomStream halves(1, Purpose::Test);
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t low = halves.next_u32();
        EXPECT_EQ(words.next_u64(), (std::uint64_t{halves.next_u32()} << 32U) | low);
    }
}

TEST(RandomStreamTest, UniformIsIn53BitsBelowOne) {
    RandomStream stream(4, Purpose::Test);
    double sum = 0;
    constexpr int n = 100000;
    for (int i = 0; i < n; ++i) {
        const double x = stream.uniform();
        ASSERT_GE(x, 0);
        ASSERT_LT(x, 1);
        ASSERT_EQ(x * 0x1p53, std::floor(x * 0x1p53));
        sum += x;
    }
    EXPECT_NEAR(sum / n, 0.5, 5 / std::sqrt(12.0 * n));
}

/// A bound just above half of all numbers makes a biased remainder take the lower third twice as
/// often.
TEST(RandomStreamTest, BelowHasNoBiasAtLargeBounds) {
    RandomStream stream(5, Purpose::Test);
    const std::uint64_t bound = 3 * (std::uint64_t{1} << 62U);
    std::array<int, 3> thirds{};
    constexpr int n = 30000;
    for (int i = 0; i < n; ++i) {
        const std::uint64_t value = stream.below(bound);
        ASSERT_LT(value, bound);
        ++thirds[value / (bound / 3)];
    }
    for (const int count : thirds) EXPECT_NEAR(count, n / 3, 5 * std::sqrt(n * 2 / 9.0));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(stream.below(1), 0U);
    EXPECT_THROW(stream.below(0), Bug);
}

TEST(RandomStreamTest, NormalHasTheSharesOfItsDistribution) {
    RandomStream stream(6, Purpose::Test);
    constexpr int n = 100000;
    std::array<int, 3> within{};
    int above = 0;
    for (int i = 0; i < n; ++i) {
        const double x = stream.normal();
        for (int k = 0; k < 3; ++k) within[static_cast<std::size_t>(k)] += std::abs(x) < k + 1;
        above += x > 0;
    }
    for (int k = 0; k < 3; ++k) {
        const double share = std::erf((k + 1) / std::sqrt(2.0));
        EXPECT_NEAR(within[static_cast<std::size_t>(k)], n * share,
                    5 * std::sqrt(n * share * (1 - share)));
    }
    EXPECT_NEAR(above, n / 2.0, 5 * std::sqrt(n / 4.0));
}

TEST(RandomStreamTest, GammaHasTheVarianceOfItsShape) {
    for (const double shape : {0.5, 1.0, 6.0}) {
        RandomStream stream(7, Purpose::Test, static_cast<std::uint64_t>(shape * 10));
        double squares = 0;
        constexpr int n = 100000;
        for (int i = 0; i < n; ++i)
            squares += std::pow(std::exp(stream.log_gamma_draw(shape)) - shape, 2);
        // Var (x - a)^2 = mu4 - a^2 with mu4 = 3 a^2 + 6 a
        EXPECT_NEAR(squares / n, shape, 5 * std::sqrt((2 * shape * shape + 6 * shape) / n));
    }
    RandomStream stream(7, Purpose::Test);
    EXPECT_THROW(stream.log_gamma_draw(0), Bug);
}

TEST(PositiveNormalTest, IsTheNormalWhereThatIsPositive) {
    RandomStream drawn(8, Purpose::Test);
    RandomStream naive(8, Purpose::Test);
    for (int i = 0; i < 10000; ++i) {
        double expected = 0;
        while (expected <= 0) expected = 0.5 + 2 * naive.normal();
        ASSERT_EQ(positive_normal(0.5, 2, drawn), expected);
    }
    EXPECT_EQ(positive_normal(3, 0, drawn), 3);
    EXPECT_THROW(positive_normal(0, 1, drawn), Bug);
    EXPECT_THROW(positive_normal(1, -1, drawn), Bug);
}

TEST(DirichletTest, SharesHaveTheirMeansAndVariances) {
    const std::vector<double> alpha{0.2, 1, 3};
    const double sum = 4.2;
    std::vector<double> means(3);
    std::vector<double> squares(3);
    constexpr int n = 50000;
    RandomStream stream(9, Purpose::Test);
    for (int i = 0; i < n; ++i) {
        const auto shares = dirichlet(stream, alpha);
        for (std::size_t k = 0; k < 3; ++k) {
            ASSERT_GE(shares[k], 0);
            means[k] += shares[k] / n;
            squares[k] += std::pow(shares[k] - alpha[k] / sum, 2) / n;
        }
    }
    for (std::size_t k = 0; k < 3; ++k) {
        const double mean = alpha[k] / sum;
        const double variance = mean * (1 - mean) / (sum + 1);
        EXPECT_NEAR(means[k], mean, 5 * std::sqrt(variance / n));
        // (x - mean)^2 <= 1, so that its deviation is at most the root of its mean
        EXPECT_NEAR(squares[k], variance, 5 * std::sqrt(variance / n));
    }
}

TEST(DirichletTest, OneShareIsAllOfIt) {
    RandomStream stream(10, Purpose::Test);
    EXPECT_EQ(dirichlet(stream, std::vector<double>{0.3}), std::vector<double>{1});
}

TEST(SampleWithoutReplacementTest, AllOfThemOrNoneAreAllOrNone) {
    RandomStream stream(11, Purpose::Test);
    std::vector<std::uint64_t> all(13);
    std::iota(all.begin(), all.end(), 0U);
    EXPECT_EQ(sample_without_replacement(stream, 13, 13), all);
    EXPECT_TRUE(sample_without_replacement(stream, 13, 0).empty());
    EXPECT_TRUE(sample_without_replacement(stream, 0, 0).empty());
    EXPECT_THROW(sample_without_replacement(stream, 3, 4), Bug);
}

/// Every pair is as likely as every other: the subsets are uniform, not only their members.
TEST(SampleWithoutReplacementTest, PairsAreUniform) {
    std::map<std::vector<std::uint64_t>, int> counts;
    RandomStream stream(12, Purpose::Test);
    constexpr int n = 20000;
    for (int i = 0; i < n; ++i) ++counts[sample_without_replacement(stream, 5, 2)];
    ASSERT_EQ(counts.size(), 10U);
    for (const auto& [pair, count] : counts)
        EXPECT_NEAR(count, n / 10, 5 * std::sqrt(n * 0.1 * 0.9)) << pair[0] << ", " << pair[1];
}

TEST(ShuffleTest, EveryOrderIsAsLikely) {
    std::map<std::vector<int>, int> counts;
    RandomStream stream(13, Purpose::Test);
    constexpr int n = 24000;
    for (int i = 0; i < n; ++i) {
        std::vector<int> values{1, 2, 3, 4};
        stream.shuffle(std::span(values));
        ++counts[values];
    }
    ASSERT_EQ(counts.size(), 24U);
    for (const auto& [order, count] : counts)
        EXPECT_NEAR(count, n / 24, 5 * std::sqrt(n / 24.0 * 23 / 24));
}

}  // namespace
}  // namespace mobi::test
