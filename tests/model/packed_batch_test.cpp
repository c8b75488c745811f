// SPDX-License-Identifier: Apache-2.0
#include "model/packed_batch.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "model/relative_bias.hpp"

namespace mobi {
namespace {

BackboneInfo small_info() {
    BackboneInfo info;
    info.family = "bert";
    info.vocabulary = 50;
    info.max_tokens = 4;
    return info;
}

std::string refusal(const PackedBatch& batch) {
    try {
        check_batch(batch, small_info());
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

TEST(PackedBatchTest, WhatAUserCausesIsADataError) {
    EXPECT_EQ(refusal({{0, 49, 7}, {}, {0, 1, 3}}), "");
    EXPECT_EQ(refusal({{1, 1, 1, 1}, {}, {0, 4}}), "");
    EXPECT_EQ(refusal({{1, 1, 1, 1, 1}, {}, {0, 5}}),
              "a sequence of 5 tokens is longer than the 4 that bert can take: lower "
              "data.max_tokens");
    for (const std::int32_t id : {-1, 50, 1 << 30})
        EXPECT_EQ(refusal({{3, id}, {}, {0, 2}}),
                  "token id " + std::to_string(id) +
                      " is outside the vocabulary of 50 of this bert: the tokenizer belongs to "
                      "another model");
}

TEST(PackedBatchTest, WrongOffsetsAreABug) {
    EXPECT_NO_THROW(check_batch({}, small_info()));
    EXPECT_NO_THROW(check_batch({{}, {}, {0}}, small_info()));
    const std::vector<std::vector<std::int32_t>> wrong{{},     {0},       {0, 2},       {1, 3},
                                                       {0, 4}, {0, 0, 3}, {0, 2, 1, 3}, {0, 3, 3}};
    for (const auto& offsets : wrong)
        EXPECT_THROW(check_batch({{1, 1, 1}, {}, offsets}, small_info()), Bug);
    EXPECT_THROW(check_batch({{1, 1, 1}, {0, 0}, {0, 3}}, small_info()), Bug);
    EXPECT_NO_THROW(check_batch({{1, 1, 1}, {0, 0, 0}, {0, 3}}, small_info()));
}

TEST(PackedBatchTest, TheLongestSequenceIsFound) {
    EXPECT_EQ(longest_sequence({}), 0U);
    EXPECT_EQ(longest_sequence({{}, {}, {0}}), 0U);
    EXPECT_EQ(longest_sequence({std::vector<std::int32_t>(9), {}, {0, 2, 7, 9}}), 5U);
}

TEST(PoolTest, APivotIsARowOrTheMeanOfRows) {
    RandomStream random(1, Purpose::Test);
    for (const auto type : {at::kFloat, at::kBFloat16})
        for (const std::int64_t width : {1, 7, 16, 45}) {
            std::vector<std::int32_t> offsets{0};
            for (int i = 0; i < 6; ++i)
                offsets.push_back(offsets.back() + 1 + static_cast<std::int32_t>(random.below(30)));
            const at::Tensor states = at::randn({offsets.back(), width}).to(type);
            for (const Pivot pivot : {Pivot::First, Pivot::Last, Pivot::Mean}) {
                at::Tensor out = at::full({6, width}, 7.0);
                pool(states, offsets, pivot, out);
                for (std::int64_t i = 0; i < 6; ++i) {
                    const at::Tensor own = states
                                               .slice(0, offsets[static_cast<std::size_t>(i)],
                                                      offsets[static_cast<std::size_t>(i) + 1])
                                               .to(at::kDouble);
                    if (pivot == Pivot::Mean) {
                        EXPECT_TRUE(at::allclose(out[i].to(at::kDouble), own.mean(0), 1e-5, 1e-6));
                    } else {
                        EXPECT_TRUE(at::equal(out[i].to(at::kDouble),
                                              pivot == Pivot::First ? own[0] : own[-1]));
                    }
                }
            }
        }
}

TEST(PoolTest, MisuseIsABug) {
    const std::vector<std::int32_t> offsets{0, 2};
    const at::Tensor states = at::ones({2, 4});
    at::Tensor out = at::empty({1, 4});
    EXPECT_THROW(pool(states, offsets, Pivot::Auto, out), Bug);
    EXPECT_THROW(pool(at::ones({4, 2}).t(), offsets, Pivot::Mean, out), Bug);
    at::Tensor half = at::empty({1, 4}, at::kHalf);
    EXPECT_THROW(pool(states, offsets, Pivot::Mean, half), Bug);
    at::Tensor none = at::empty({0, 4});
    EXPECT_NO_THROW(pool(at::empty({0, 4}), std::vector<std::int32_t>{0}, Pivot::Mean, none));
}

/// `_relative_position_bucket` of transformers' MPNet, step by step on tensors.
at::Tensor naive_buckets(const at::Tensor& relative_position, std::int64_t num_buckets) {
    at::Tensor n = -relative_position;
    num_buckets /= 2;
    at::Tensor ret = (n < 0).to(at::kLong) * num_buckets;
    n = at::abs(n);
    const std::int64_t max_exact = num_buckets / 2;
    const at::Tensor is_small = n < max_exact;
    at::Tensor if_large = max_exact + (at::log(n.to(at::kFloat) / static_cast<double>(max_exact)) /
                                       std::log(128.0 / static_cast<double>(max_exact)) *
                                       static_cast<double>(num_buckets - max_exact))
                                          .to(at::kLong);
    if_large = at::minimum(if_large, at::full_like(if_large, num_buckets - 1));
    return ret + at::where(is_small, n, if_large);
}

TEST(RelativeBucketTest, EveryDistanceFallsWhereTransformersPutsIt) {
    for (const std::int32_t buckets : {4, 8, 32, 64}) {
        const at::Tensor distances = at::arange(-600, 601, at::kLong);
        const at::Tensor expected = naive_buckets(distances, buckets);
        for (std::int64_t i = 0; i < distances.size(0); ++i)
            EXPECT_EQ(relative_bucket(static_cast<std::int32_t>(i) - 600, buckets),
                      expected[i].item<std::int64_t>())
                << i - 600 << " of " << buckets;
    }
    EXPECT_THROW(relative_bucket(1, 30), Bug);
}

TEST(RelativeBucketTest, FartherIsNeverNearer) {
    for (const std::int32_t buckets : {4, 32, 128})
        for (const std::int32_t sign : {-1, 1}) {
            std::int32_t last = sign > 0 ? buckets / 2 - 1 : -1;
            for (std::int32_t distance = sign > 0 ? 1 : 0; distance < 2000; ++distance) {
                const std::int32_t bucket = relative_bucket(sign * distance, buckets);
                EXPECT_GE(bucket, last);
                EXPECT_LT(bucket, sign > 0 ? buckets : buckets / 2);
                last = bucket;
            }
        }
}

TEST(RelativeBiasTest, WhatIsReadBeyondTheLastDistanceIsFinite) {
    const at::Tensor table = at::ones({32, 3});
    for (const std::int32_t tokens : {1, 2, 17}) {
        const RelativeBias bias(table, tokens);
        EXPECT_GE(bias.stride(), static_cast<std::size_t>(2 * tokens - 1 + 16));
        for (std::int32_t head = 0; head < 3; ++head)
            for (std::int32_t place = 1 - tokens; place < tokens + 16; ++place)
                EXPECT_EQ(bias.centre()[head * static_cast<std::int32_t>(bias.stride()) + place],
                          place < tokens ? 1.0F : 0.0F);
    }
    EXPECT_THROW(RelativeBias(table, 0), Bug);
    EXPECT_THROW(RelativeBias(at::ones({32}), 4), Bug);
}

}  // namespace
}  // namespace mobi
