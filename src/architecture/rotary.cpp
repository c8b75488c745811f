// SPDX-License-Identifier: Apache-2.0
#include "architecture/rotary.hpp"

#include <cmath>
#include <numbers>
#include <string>

#include <fmt/format.h>

namespace mobi {
namespace {

constexpr double kMostFactor = 1e6;

/// The object that transformers reads: `rope_scaling` as a whole where it says anything, else
/// `rope_parameters`.
std::optional<ConfigFile> scaling_object(const ConfigFile& config, SourceNotes& notes) {
    auto scaling = config.object("rope_scaling");
    auto parameters = config.object("rope_parameters");
    if (!scaling || scaling->empty()) return parameters;
    if (parameters && !parameters->empty())
        notes.push_back({"rotation", scaling->name(),
                         fmt::format("rope_parameters beside it says {}", parameters->shown())});
    return scaling;
}

double theta_of(const ConfigFile& config, const ConfigFile* scaling, SourceNotes& notes) {
    constexpr double kDefault = 10000;  // RotaryEmbeddingConfigMixin.default_theta
    constexpr double kMost = 1e12;
    if (scaling == nullptr || !scaling->contains("rope_theta"))
        return config.number("rope_theta", kDefault, 1, kMost);
    const double inner = scaling->number("rope_theta", kDefault, 1, kMost);
    if (config.says("rope_theta") && config.number("rope_theta", kDefault, 1, kMost) != inner)
        notes.push_back({"rope_theta", scaling->name(),
                         fmt::format("rope_theta beside it says {}", config.shown("rope_theta"))});
    return inner;
}

std::string type_of(const ConfigFile& scaling, SourceNotes& notes) {
    const char* key = scaling.contains("rope_type") ? "rope_type" : "type";
    const std::string type = scaling.text_value(key, "default");
    if (scaling.contains("rope_type") && scaling.contains("type") &&
        scaling.text_value("type", "") != type)
        notes.push_back({"rope_type", scaling.name(),
                         fmt::format("type beside it says {}", scaling.shown("type"))});
    if (type != "default" && type != "linear" && type != "dynamic" && type != "llama3")
        scaling.refuse(key, "default, linear, dynamic, llama3");
    return type;
}

/// Refuses a rotation of a part of the channels, and one that differs from layer to layer.
void require_whole(const ConfigFile& config) {
    for (const char* key : {"partial_rotary_factor", "rotary_pct"})
        if (config.says(key) && config.number(key, 1, 0, 1) != 1) config.refuse(key, "1");
}

double factor_of(const ConfigFile& scaling, const char* key, double least) {
    if (!scaling.contains(key)) scaling.refuse(key, "a number; the type needs it");
    return scaling.number(key, 0, least, kMostFactor);
}

Llama3Scaling read_llama3(const ConfigFile& config,
                          const ConfigFile& scaling,
                          std::int32_t positions,
                          SourceNotes& notes) {
    constexpr const char* kOriginal = "original_max_position_embeddings";
    Llama3Scaling llama3;
    llama3.factor = factor_of(scaling, "factor", 1);
    llama3.low_frequency_factor = factor_of(scaling, "low_freq_factor", 1e-6);
    llama3.high_frequency_factor = factor_of(scaling, "high_freq_factor", 1e-6);
    if (llama3.high_frequency_factor <= llama3.low_frequency_factor)
        scaling.refuse("high_freq_factor", "more than low_freq_factor");
    const bool outside = config.contains(kOriginal);
    const ConfigFile& source = outside ? config : scaling;
    llama3.original_positions = source.integer(kOriginal, positions, 1, 1 << 24);
    if (outside && scaling.contains(kOriginal) &&
        config.shown(kOriginal) != scaling.shown(kOriginal))
        notes.push_back({kOriginal, config.name(),
                         fmt::format("{} says {}", scaling.name(), scaling.shown(kOriginal))});
    return llama3;
}

/// f / factor for long waves, f for short ones.
double scaled(double frequency, const Llama3Scaling& scaling) {
    const double wave = 2 * std::numbers::pi / frequency;
    const double original = scaling.original_positions;
    if (wave < original / scaling.high_frequency_factor) return frequency;
    if (wave > original / scaling.low_frequency_factor) return frequency / scaling.factor;
    const double blend = (original / wave - scaling.low_frequency_factor) /
                         (scaling.high_frequency_factor - scaling.low_frequency_factor);
    return (1 - blend) * frequency / scaling.factor + blend * frequency;
}

}  // namespace

RotaryConfig read_rotary(const ConfigFile& config, std::int32_t positions, SourceNotes& notes) {
    RotaryConfig rotary;
    const auto scaling = scaling_object(config, notes);
    require_whole(config);
    rotary.theta = theta_of(config, scaling ? &*scaling : nullptr, notes);
    if (!scaling) return rotary;
    require_whole(*scaling);
    for (const char* key : {"full_attention", "sliding_attention"})
        if (scaling->contains(key)) scaling->refuse(key, "none: one rotation for all layers");
    const std::string type = type_of(*scaling, notes);
    if (type == "llama3") rotary.llama3 = read_llama3(config, *scaling, positions, notes);
    if (type == "linear") rotary.linear_factor = factor_of(*scaling, "factor", 1e-6);
    // `dynamic` changes the base of sequences beyond `positions` only, and none is that long
    if (type == "dynamic") factor_of(*scaling, "factor", 1e-6);
    return rotary;
}

std::vector<double> rotary_frequencies(const RotaryConfig& config, std::int32_t head_dim) {
    std::vector<double> frequencies;
    for (std::int32_t i = 0; i < head_dim / 2; ++i) {
        const double frequency = std::pow(config.theta, -2.0 * i / head_dim) / config.linear_factor;
        frequencies.push_back(config.llama3 ? scaled(frequency, *config.llama3) : frequency);
    }
    return frequencies;
}

std::vector<float> rotation_table(const RotaryConfig& config,
                                  std::int32_t head_dim,
                                  std::int32_t positions) {
    const std::vector<double> frequencies = rotary_frequencies(config, head_dim);
    const std::size_t half = frequencies.size();
    std::vector<float> table(static_cast<std::size_t>(positions) * 2 * half);
    float* row = table.data();
    for (std::int32_t position = 0; position < positions; ++position, row += 2 * half)
        for (std::size_t c = 0; c < half; ++c) {
            row[c] = static_cast<float>(std::cos(position * frequencies[c]));
            row[half + c] = static_cast<float>(std::sin(position * frequencies[c]));
        }
    return table;
}

}  // namespace mobi
