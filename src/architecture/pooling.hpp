// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "architecture/config_file.hpp"
#include "core/source_note.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// How sentence-transformers pools a folder's token vectors into one of the text.
struct Pooling {
    Pivot pivot = Pivot::First;  ///< what it comes to; where it is none of ours, the family's own
    std::string other;           ///< where it is none of ours: which file says what
    SourceNotes notes;
};

/// Follows `modules.json` (of the folder, or of the one above it when that names the folder, as in
/// `0_Transformer`) to the pooling's `config.json`; without it, `1_Pooling/config.json` is taken.
///
/// \param fallback  of the family, for a folder without pooling.
/// \throws DataError  when a file is malformed or contradicts itself.
Pooling read_pooling(const std::filesystem::path& folder, Pivot fallback);

/// The modes that a pooling's `config.json` asks for, in sentence-transformers' order: its
/// `pooling_mode` (5.4 and later: a name or a list of names), or the flags `pooling_mode_*` of
/// those before; `mean` when neither says anything, as sentence-transformers does. \throws
/// DataError  when it has both and they differ.
std::vector<std::string> pooling_modes(const ConfigFile& config);

/// A module of `modules.json`.
struct SentenceModule {
    std::string type;  ///< the last part of its class: "Pooling"
    std::string path;  ///< its folder, relative; empty: the model's own
};

/// \param name  stands for the path in errors.
/// \throws DataError  when the text is not a list of modules, or a path leaves the folder.
std::vector<SentenceModule> parse_modules(std::string_view text, const std::string& name);

}  // namespace mobi
