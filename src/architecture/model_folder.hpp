// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "architecture/backbone_info.hpp"
#include "architecture/family.hpp"
#include "architecture/parameters.hpp"
#include "architecture/transformer_config.hpp"
#include "core/source_note.hpp"
#include "weights/checkpoint.hpp"
#include "weights/prepared_weights.hpp"

namespace mobi {

/// A model's folder, opened as far as no weight is read: a Hugging Face folder (`config.json`), or
/// one that holds a llama2.c checkpoint (a `.bin` file and no `config.json`).
class ModelFolder {
  public:
    /// \throws DataError    when the folder is missing, the model type is not supported (the
    /// message
    ///                      lists those that are), or a value is out of range.
    /// \throws ConfigError  when `parameters.layers` is more than there are.
    explicit ModelFolder(const BackboneParameters& parameters);

    const TransformerConfig& architecture() const noexcept { return architecture_; }
    const BackboneInfo& info() const noexcept { return info_; }
    const HeadNames& heads() const noexcept { return heads_; }
    /// Whether the language model's head is the word table.
    bool tied() const noexcept { return tied_; }
    /// What the configuration says twice, and where the pooling is from.
    const SourceNotes& notes() const noexcept { return notes_; }
    /// All that the configuration says, for a fingerprint.
    const std::string& configuration() const noexcept { return configuration_; }

    /// The weights: the folder's, or random ones where the parameters say so.
    /// \param seed  of random weights.
    /// \throws DataError  when a file is missing or malformed.
    std::unique_ptr<WeightReader> open_weights(std::uint64_t seed = 1) const;

    /// Looks for every tensor of the backbone in the files' headers: what load_backbone() would
    /// refuse, but for numbers that are not finite.
    /// \return what was read from where: notes() and those of the weights.
    /// \throws DataError
    SourceNotes check_weights() const;

  private:
    void open_hugging_face(const BackboneParameters& parameters);
    void open_llama2c(const BackboneParameters& parameters);

    std::filesystem::path path_;
    std::filesystem::path llama2c_file_;  ///< empty: a Hugging Face folder
    WeightSource weights_;
    TransformerConfig architecture_;
    BackboneInfo info_;
    HeadNames heads_;
    CheckpointNames names_;
    bool tied_ = false;
    SourceNotes notes_;
    std::string configuration_;
};

/// Reads `config.json` (and `1_Pooling/config.json` where there is one), no weights.
/// \throws DataError  when the folder is missing, the model type is not supported (the message
///                    lists those that are), or a value is out of range.
BackboneInfo inspect_backbone(const BackboneParameters& parameters);

}  // namespace mobi
