// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "architecture/config_file.hpp"
#include "core/source_note.hpp"

namespace mobi {

/// Frequency scaling of type `llama3`: long waves are stretched by `factor`, short ones kept, those
/// between blended (Llama 3.1; `_compute_llama3_parameters` of transformers).
struct Llama3Scaling {
    double factor = 1;
    double low_frequency_factor = 1;
    double high_frequency_factor = 4;
    std::int32_t original_positions = 0;  ///< > 0
};

/// Rotary position embedding (Su et al., arXiv 2104.09864), channels paired c, c + d_h/2.
struct RotaryConfig {
    double theta = 10000;
    double linear_factor = 1;  ///< positions are divided by it
    std::optional<Llama3Scaling> llama3;
};

/// Reads `rope_parameters` of transformers 5, `rope_theta` and `rope_scaling` of those before, or a
/// mixture, as transformers 5.24 does: `rope_scaling` replaces the whole of `rope_parameters`; a
/// `rope_theta` inside what is read goes before the one beside it, `rope_type` before `type`.
///
/// \param positions  `max_position_embeddings`: what llama3 takes for the original ones when
///                   nothing is said, and the longest sequence, below which `dynamic` is `default`.
/// \param notes      gets a line for each fact that is said twice with different values.
/// \throws DataError  when a rotation is asked for that is not computed (accepted: default, linear,
///                    dynamic, llama3; of all channels, the same in all layers).
RotaryConfig read_rotary(const ConfigFile& config, std::int32_t positions, SourceNotes& notes);

/// The d_h/2 frequencies, in radians a position.
std::vector<double> rotary_frequencies(const RotaryConfig& config, std::int32_t head_dim);

/// Cosines and sines of positions 0 .. positions - 1 as AttentionTask::rotation wants them:
/// (positions, d_h), a row d_h/2 cosines, then d_h/2 sines.
std::vector<float> rotation_table(const RotaryConfig& config,
                                  std::int32_t head_dim,
                                  std::int32_t positions);

}  // namespace mobi
