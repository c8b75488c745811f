// SPDX-License-Identifier: Apache-2.0
#include "model/rotary.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "model/safetensors.hpp"
#include "support/shared_data.hpp"

namespace mobi {
namespace {

RotaryConfig read(const std::string& json) {
    return read_rotary(ConfigFile::parse(json, "config.json"));
}

TEST(RotaryTest, TablesAgreeWithTheReference) {
    MOBI_NEEDS_SHARED("vectors/ops.safetensors");
    const SafetensorsFile ops(test::shared_path("vectors/ops.safetensors"));
    const at::Tensor cosines = ops.tensor("rope.cos");  // both halves equal
    const at::Tensor sines = ops.tensor("rope.sin");
    const auto positions = static_cast<std::int32_t>(cosines.size(0));
    const auto width = static_cast<std::int32_t>(cosines.size(1));
    const auto table = rotation_table({}, width, positions);
    for (std::int32_t p = 0; p < positions; ++p)
        for (std::int32_t c = 0; c < width / 2; ++c) {
            const float* row = table.data() + static_cast<std::ptrdiff_t>(p) * width;
            EXPECT_NEAR(row[c], cosines[p][c].item<float>(), 2e-6);
            EXPECT_NEAR(row[width / 2 + c], sines[p][c].item<float>(), 2e-6);
        }
}

TEST(RotaryTest, BothSpellingsOfLlama3ScalingAreTheSame) {
    const std::string scaling =
        R"("factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
           "original_max_position_embeddings": 64)";
    const auto older = rotary_frequencies(
        read(R"({"rope_theta": 500000, "rope_scaling": {"rope_type": "llama3", )" + scaling + "}}"),
        16);
    const auto newer = rotary_frequencies(
        read(R"({"rope_parameters": {"rope_theta": 500000, "rope_type": "llama3", )" + scaling +
             "}}"),
        16);
    const auto plain = rotary_frequencies(read(R"({"rope_theta": 500000})"), 16);
    EXPECT_EQ(older, newer);
    EXPECT_EQ(older.front(), plain.front());    // the shortest wave is kept
    EXPECT_EQ(older.back(), plain.back() / 8);  // the longest is stretched
    EXPECT_EQ(read(R"({"rope_scaling": null})").theta, 10000);
}

TEST(RotaryTest, AScalingThatIsNotComputedIsRefused) {
    EXPECT_THROW(read(R"({"rope_scaling": {"type": "yarn", "factor": 4}})"), DataError);
    EXPECT_THROW(read(R"({"rope_scaling": 7})"), DataError);
    EXPECT_EQ(read(R"({"rope_scaling": {"type": "linear", "factor": 4}})").linear_factor, 4);
}

}  // namespace
}  // namespace mobi
