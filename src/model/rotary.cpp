// SPDX-License-Identifier: Apache-2.0
#include "model/rotary.hpp"

#include <cmath>
#include <numbers>
#include <string>

namespace mobi {
namespace {

constexpr double kMostFactor = 1e6;

Llama3Scaling read_llama3(const ConfigFile& scaling) {
    Llama3Scaling llama3;
    llama3.factor = scaling.number("factor", 8, 1, kMostFactor);
    llama3.low_frequency_factor = scaling.number("low_freq_factor", 1, 1e-6, kMostFactor);
    llama3.high_frequency_factor = scaling.number("high_freq_factor", 4, 1e-6, kMostFactor);
    if (llama3.high_frequency_factor <= llama3.low_frequency_factor)
        scaling.refuse("high_freq_factor", "more than low_freq_factor");
    llama3.original_positions =
        scaling.integer("original_max_position_embeddings", 8192, 1, 1 << 24);
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

RotaryConfig read_rotary(const ConfigFile& config) {
    RotaryConfig rotary;
    rotary.theta = config.number("rope_theta", 10000, 1, 1e12);
    for (const char* key : {"rope_parameters", "rope_scaling"}) {
        const auto scaling = config.object(key);
        if (!scaling) continue;
        rotary.theta = scaling->number("rope_theta", rotary.theta, 1, 1e12);
        const std::string older = scaling->text_value("type", "default");
        const std::string type = scaling->text_value("rope_type", older);
        if (type == "llama3")
            rotary.llama3 = read_llama3(*scaling);
        else if (type == "linear")
            rotary.linear_factor = scaling->number("factor", 1, 1e-6, kMostFactor);
        else if (type != "default")
            scaling->refuse("rope_type", "default, linear, llama3");
        break;
    }
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
