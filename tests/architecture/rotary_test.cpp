// SPDX-License-Identifier: Apache-2.0
#include "architecture/rotary.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
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

/// Angle of a pair of channels as the formula has it.
double naive_angle(double theta, std::int32_t pair, std::int32_t head_dim, double position) {
    return position / std::pow(theta, 2.0 * pair / head_dim);
}

TEST(RotaryTest, FrequenciesAreAGeometricSeries) {
    for (const std::int32_t head_dim : {2, 4, 6, 64, 128})
        for (const double theta : {1.0, 100.0, 10000.0, 500000.0}) {
            RotaryConfig config;
            config.theta = theta;
            const auto frequencies = rotary_frequencies(config, head_dim);
            ASSERT_EQ(frequencies.size(), static_cast<std::size_t>(head_dim / 2));
            EXPECT_EQ(frequencies.front(), 1);
            for (std::int32_t pair = 0; pair < head_dim / 2; ++pair)
                EXPECT_NEAR(frequencies[static_cast<std::size_t>(pair)],
                            naive_angle(theta, pair, head_dim, 1), 1e-12);
        }
}

TEST(RotaryTest, TheTableHoldsCosinesThenSines) {
    constexpr std::int32_t kHeadDim = 10;
    RotaryConfig config;
    config.theta = 77;
    const auto table = rotation_table(config, kHeadDim, 13);
    ASSERT_EQ(table.size(), 13U * kHeadDim);
    for (std::int32_t p = 0; p < 13; ++p)
        for (std::int32_t c = 0; c < kHeadDim / 2; ++c) {
            const auto place = static_cast<std::size_t>(p * kHeadDim + c);
            const double angle = naive_angle(77, c, kHeadDim, p);
            EXPECT_NEAR(table[place], std::cos(angle), 1e-6);
            EXPECT_NEAR(table[place + kHeadDim / 2], std::sin(angle), 1e-6);
        }
    EXPECT_TRUE(rotation_table(config, kHeadDim, 0).empty());
}

TEST(RotaryTest, LinearScalingDividesPositions) {
    RotaryConfig plain;
    RotaryConfig stretched;
    stretched.linear_factor = 4;
    const auto near = rotation_table(plain, 8, 5);
    const auto far = rotation_table(stretched, 8, 17);
    for (std::size_t p = 0; p < 5; ++p)
        for (std::size_t c = 0; c < 8; ++c)
            EXPECT_NEAR(near[p * 8 + c], far[4 * p * 8 + c], 1e-6) << p;
}

/// `_compute_llama3_parameters` of transformers, in its own order of steps.
std::vector<double> naive_llama3(const Llama3Scaling& scaling, std::vector<double> frequencies) {
    constexpr double kPi = 3.14159265358979323846;
    const double low_wavelength = scaling.original_positions / scaling.low_frequency_factor;
    const double high_wavelength = scaling.original_positions / scaling.high_frequency_factor;
    for (double& frequency : frequencies) {
        const double wavelength = 2 * kPi / frequency;
        const double llama = wavelength > low_wavelength ? frequency / scaling.factor : frequency;
        const double smooth =
            (scaling.original_positions / wavelength - scaling.low_frequency_factor) /
            (scaling.high_frequency_factor - scaling.low_frequency_factor);
        const double smoothed = (1 - smooth) * llama / scaling.factor + smooth * llama;
        const bool medium = !(wavelength < high_wavelength) && !(wavelength > low_wavelength);
        frequency = medium ? smoothed : llama;
    }
    return frequencies;
}

TEST(RotaryTest, Llama3ScalingIsThatOfTransformers) {
    RandomStream random(3, Purpose::Test);
    int blended = 0;
    for (int round = 0; round < 200; ++round) {
        RotaryConfig config;
        config.theta = 10 + 500000 * random.uniform();
        const auto plain = rotary_frequencies(config, 64);
        Llama3Scaling scaling;
        scaling.factor = 1 + 31 * random.uniform();
        scaling.low_frequency_factor = 0.25 + 2 * random.uniform();
        scaling.high_frequency_factor = scaling.low_frequency_factor + 0.1 + 6 * random.uniform();
        scaling.original_positions = static_cast<std::int32_t>(1 + random.below(16384));
        config.llama3 = scaling;
        const auto scaled = rotary_frequencies(config, 64);
        const auto expected = naive_llama3(scaling, plain);
        for (std::size_t i = 0; i < plain.size(); ++i) {
            EXPECT_NEAR(scaled[i], expected[i], 1e-12 * plain[i]);
            EXPECT_LE(scaled[i], plain[i] * (1 + 1e-12));
            EXPECT_GE(scaled[i], plain[i] / scaling.factor * (1 - 1e-12));
            blended += scaled[i] != plain[i] && scaled[i] > 1.001 * plain[i] / scaling.factor;
        }
    }
    EXPECT_GT(blended, 100);  // the middle band was met
}

// Llama 3.1's own figures; the first and last of the 64 frequencies it was trained with.
TEST(RotaryTest, Llama31StretchesItsLongWavesEightfold) {
    const RotaryConfig config = read(
        R"({"rope_theta": 500000.0, "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
            "rope_type": "llama3"}})");
    const auto frequencies = rotary_frequencies(config, 128);
    EXPECT_EQ(frequencies.front(), 1);
    EXPECT_NEAR(frequencies.back(), std::pow(500000, -126.0 / 128) / 8, 1e-15);
}

TEST(RotaryTest, Llama3FactorsAreBounded) {
    const auto with = [](const std::string& factor, const std::string& low,
                         const std::string& high) {
        return refusal(R"({"rope_scaling": {"rope_type": "llama3", "factor": )" + factor +
                       R"(, "low_freq_factor": )" + low + R"(, "high_freq_factor": )" + high +
                       "}}");
    };
    EXPECT_EQ(with("8", "1", "4"), "");
    EXPECT_EQ(with("1", "1", "1.5"), "");
    EXPECT_EQ(with("0.5", "1", "4"),
              "config.json: rope_scaling: factor = 0.5: accepted: a number from 1 to 1000000");
    for (const char* high : {"1", "0.5"})
        EXPECT_EQ(with("8", "1", high),
                  std::string("config.json: rope_scaling: high_freq_factor = ") + high +
                      ": accepted: more than low_freq_factor");
    for (const char* missing : {"factor", "low_freq_factor", "high_freq_factor"}) {
        std::string json = R"({"rope_scaling": {"rope_type": "llama3")";
        for (const std::string key : {"factor", "low_freq_factor", "high_freq_factor"})
            if (key != missing)
                json += ", \"" + key + "\": " + (key == "low_freq_factor" ? "1" : "4");
        EXPECT_EQ(refusal(json + "}}"), std::string("config.json: rope_scaling: ") + missing +
                                            " = absent: accepted: a number; the type needs it");
    }
}

TEST(RotaryTest, ThetaIsBounded) {
    EXPECT_EQ(read(R"({"rope_theta": 1})").theta, 1);
    EXPECT_EQ(read(R"({"rope_theta": 1e12})").theta, 1e12);
    for (const char* theta : {"0.5", "-1", "2e12", "\"1\""}) {
        const std::string key = R"("rope_theta": )" + std::string(theta);
        EXPECT_NE(refusal("{" + key + "}"), "");
        EXPECT_NE(refusal(R"({"rope_parameters": {)" + key + "}}"), "");
    }
}

}  // namespace
}  // namespace mobi
