// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace mobi {

/// Which source a fact was read from, where the files of a folder say it more than once.
struct SourceNote {
    std::string what;   ///< the fact, by its name in the source: "do_lower_case"
    std::string from;   ///< the source that was read: "tokenizer_config.json"
    std::string other;  ///< what the others say: "tokenizer.json says true"; empty = nothing
};

using SourceNotes = std::vector<SourceNote>;

/// `{"do_lower_case", "tokenizer_config.json", "tokenizer.json says true"}` in one line:
/// "do_lower_case from tokenizer_config.json (tokenizer.json says true)".
inline std::string describe(const SourceNote& note) {
    std::string line = note.what + " from " + note.from;
    return note.other.empty() ? line : line + " (" + note.other + ")";
}

}  // namespace mobi
