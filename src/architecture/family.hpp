// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "architecture/config_file.hpp"
#include "architecture/transformer_config.hpp"

namespace mobi {

/// Names of the heads that a folder of a family may hold, without the family's prefix.  Empty: the
/// family has no such head.
struct HeadNames {
    std::string_view language_model{};  ///< `<name>.weight`, when it is not tied to the word table
    bool tied = false;                  ///< default of `tie_word_embeddings`
    std::string_view tied_to_words{};   ///< `<name>.weight`: the word table too, when they are tied
    std::string_view classifier_dense{};  ///< with tanh behind it, before the classifier
    std::string_view classifier{};        ///< rows are classes
};

/// One line of the registry.
struct Family {
    std::string_view model_type;  ///< of `config.json`
    std::string_view prefix;      ///< of tensor names in folders saved with a head, e.g. `"bert."`
    HeadNames heads;
    /// What `config.json` describes.
    /// \param layers  keep the first n blocks; 0 = all.  \throws DataError, ConfigError
    TransformerConfig (*read)(const ConfigFile& config, std::int32_t layers);
};

/// Every family that is supported.
std::span<const Family> families();

/// \throws DataError  when `model_type` of the file is not supported; lists those that are.
const Family& family_of(const ConfigFile& config);

}  // namespace mobi
