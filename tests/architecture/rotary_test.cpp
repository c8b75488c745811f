// SPDX-License-Identifier: Apache-2.0
#include "architecture/rotary.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/shared_data.hpp"
#include "weights/safetensors.hpp"

namespace mobi {
namespace {

constexpr std::int32_t kPositions = 40;

RotaryConfig read(const std::string& json) {
    SourceNotes notes;
    return read_rotary(ConfigFile::parse(json, "config.json"), kPositions, notes);
}

/// The notes on a configuration, a line each.
std::string notes_on(const std::string& json) {
    SourceNotes notes;
    read_rotary(ConfigFile::parse(json, "config.json"), kPositions, notes);
    std::string text;
    for (const SourceNote& note : notes) text += describe(note) + "\n";
    return text;
}

std::string refusal(const std::string& json) {
    try {
        read(json);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
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

TEST(RotaryTest, AnErrorNamesTheKeyThatTheFileHas) {
    EXPECT_EQ(
        refusal(R"({"rope_scaling": {"type": "yarn", "factor": 4}})"),
        "config.json: rope_scaling: type = \"yarn\": accepted: default, linear, dynamic, llama3");
    EXPECT_EQ(refusal(R"({"rope_scaling": {"rope_type": null}})"),
              "config.json: rope_scaling: rope_type = null: accepted: a text");
    EXPECT_EQ(refusal(R"({"rope_scaling": {"type": "linear"}})"),
              "config.json: rope_scaling: factor = absent: accepted: a number; the type needs it");
    EXPECT_NE(refusal(R"({"rope_theta": null})"), "");
    EXPECT_NE(refusal(R"({"partial_rotary_factor": 0.5})"), "");
    EXPECT_NE(refusal(R"({"rope_parameters": {"partial_rotary_factor": 0.5}})"), "");
    EXPECT_NE(refusal(R"({"rope_parameters": {"full_attention": {"rope_theta": 5}}})"), "");
    EXPECT_EQ(refusal(R"({"partial_rotary_factor": 1.0, "rotary_pct": null})"), "");
}

TEST(RotaryTest, RopeScalingReplacesRopeParameters) {
    const std::string both = R"({"rope_parameters": {"rope_type": "default", "rope_theta": 500},)"
                             R"( "rope_scaling": {"type": "linear", "factor": 4}})";
    EXPECT_EQ(read(both).linear_factor, 4);
    EXPECT_EQ(read(both).theta, 10000);  // transformers 5.24 reads nothing of rope_parameters
    EXPECT_EQ(notes_on(both),
              "rotation from config.json: rope_scaling (rope_parameters beside it says "
              "{\"rope_theta\":500,\"rope_type\":\"default\"})\n");
    const std::string empty = R"({"rope_parameters": {"rope_theta": 500}, "rope_scaling": {}})";
    EXPECT_EQ(read(empty).theta, 500);
    EXPECT_EQ(notes_on(empty), "");
}

TEST(RotaryTest, TheInnerThetaAndTheNewerTypeGoFirst) {
    const std::string theta = R"({"rope_theta": 7, "rope_parameters": {"rope_theta": 500}})";
    EXPECT_EQ(read(theta).theta, 500);
    EXPECT_EQ(notes_on(theta),
              "rope_theta from config.json: rope_parameters (rope_theta beside it says 7)\n");
    EXPECT_EQ(read(R"({"rope_theta": 7, "rope_parameters": {"rope_type": "default"}})").theta, 7);
    EXPECT_EQ(read(R"({"rope_theta": null, "rope_parameters": {"rope_theta": 500}})").theta, 500);
    const std::string type =
        R"({"rope_scaling": {"rope_type": "default", "type": "linear", "factor": 4}})";
    EXPECT_EQ(read(type).linear_factor, 1);
    EXPECT_NE(notes_on(type), "");
}

TEST(RotaryTest, DynamicIsDefaultUpToTheModelsOwnPositions) {
    EXPECT_EQ(rotary_frequencies(read(R"({"rope_scaling": {"type": "dynamic", "factor": 2}})"), 16),
              rotary_frequencies(read("{}"), 16));
}

TEST(RotaryTest, Llama3TakesTheOuterOriginalPositionsFirst) {
    const std::string scaling =
        R"("rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,)"
        R"( "high_freq_factor": 4)";
    const std::string outer = R"("original_max_position_embeddings": 64)";
    const std::string inner = R"("original_max_position_embeddings": 32)";
    EXPECT_EQ(read("{" + scaling + "}}").llama3->original_positions, kPositions);
    EXPECT_EQ(read("{" + scaling + "," + inner + "}}").llama3->original_positions, 32);
    const std::string both = "{" + outer + "," + scaling + "," + inner + "}}";
    EXPECT_EQ(read(both).llama3->original_positions, 64);
    EXPECT_EQ(notes_on(both),
              "original_max_position_embeddings from config.json (config.json: rope_scaling says "
              "32)\n");
}

}  // namespace
}  // namespace mobi
