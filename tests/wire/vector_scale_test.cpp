// SPDX-License-Identifier: Apache-2.0
#include "wire/vector_scale.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Limits = std::numeric_limits<float>;

/// Any finite float, all exponents alike.
float any_float(RandomStream& stream) {
    while (true) {
        const auto value = std::bit_cast<float>(stream.next_u32());
        if (std::isfinite(value)) return value;
    }
}

TEST(LargestMagnitudeTest, IsTheLargestAndTellsWhatIsNotFinite) {
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < 1000; ++i) {
        std::vector<float> values(1 + stream.below(40));
        float largest = 0;
        for (float& value : values) {
            value = any_float(stream);
            largest = std::max(largest, std::abs(value));
        }
        ASSERT_EQ(internal::largest_magnitude_bits(values), std::bit_cast<std::uint32_t>(largest));
        for (const float bad :
             {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
            std::vector<float> spoilt = values;
            spoilt[stream.below(spoilt.size())] = bad;
            ASSERT_GE(internal::largest_magnitude_bits(spoilt), internal::kInfinityBits);
        }
    }
    EXPECT_EQ(internal::largest_magnitude_bits({}), 0U);
    EXPECT_EQ(internal::largest_magnitude_bits(std::vector<float>{-0.0F}), 0U);
}

TEST(VectorScaleTest, IsTheQuotientAndDecodesToFiniteNumbers) {
    RandomStream stream(2, Purpose::Test);
    for (const float limit : {127.0F, 7.0F}) {
        for (int i = 0; i < 5000; ++i) {
            const float value = i == 0 ? Limits::max() : any_float(stream);
            const float scale = internal::vector_scale(std::vector<float>{0, value}, limit);
            ASSERT_TRUE(internal::scale_is_valid(scale, limit)) << value;
            const float quotient = std::abs(value) / limit;
            if (std::isfinite(quotient * limit))
                ASSERT_EQ(scale, quotient) << value;
            else
                ASSERT_EQ(scale, std::nextafter(quotient, 0.0F)) << value;
        }
    }
}

TEST(ScaleIsValidTest, OnlyWhatAVectorHas) {
    for (const float scale : {-0.0F, -1.0F, Limits::infinity(), Limits::quiet_NaN(), Limits::max()})
        EXPECT_FALSE(internal::scale_is_valid(scale, 127)) << scale;
    for (const float scale : {0.0F, Limits::denorm_min(), 1.0F, 2.6e36F})
        EXPECT_TRUE(internal::scale_is_valid(scale, 127)) << scale;
}

TEST(QuantiseTest, RoundsHalfToEvenAndKeepsToTheLimit) {
    RandomStream stream(3, Purpose::Test);
    for (const std::int32_t limit : {127, 7}) {
        for (int i = 0; i < 20000; ++i) {
            const auto scale = static_cast<float>(std::exp(10 * stream.normal()));
            // within the limit, and by some beyond; every fourth half-way
            auto value = static_cast<float>((2.2 * stream.uniform() - 1.1) * limit) * scale;
            if (i % 4 == 0) value = (static_cast<float>(stream.below(14)) - 6.5F) * scale;
            const auto code = static_cast<std::int32_t>(std::nearbyint(value / scale));
            ASSERT_EQ(internal::quantise(value, scale, limit), std::clamp(code, -limit, limit))
                << value << " / " << scale;
        }
    }
}

}  // namespace
}  // namespace mobi::test
