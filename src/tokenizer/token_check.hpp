// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/tokenizer.hpp"

namespace mobi {

/// What a text must become.  A line of a case file is one JSON object:
/// `{"case": name or number, "text": ..., "pair"?: ..., "ids": [...], "type_ids"?: [...],
/// "ids_max16"?: [...], "decoded"?: ...}`.
struct TokenCase {
    std::string name, text;
    std::optional<std::string> pair;
    std::vector<std::int32_t> ids;
    std::optional<std::vector<std::int32_t>> type_ids;
    std::optional<std::vector<std::int32_t>> ids_max16;  ///< cut to 16 tokens
    std::optional<std::string> decoded;                  ///< the text of ids, special tokens kept
};

/// \throws DataError  `path:line: ...`
std::vector<TokenCase> read_token_cases(const std::filesystem::path& path);

struct TokenCheck {
    std::size_t equal = 0, cases = 0;
    std::string first_difference;  ///< one line; empty when all are equal
    bool passed() const noexcept { return equal == cases; }
    /// `"118 of 119 equal; first difference: ..."`
    std::string summary() const;
};

/// Runs the tokenizer over all cases; a case is equal when everything it states is.
///
/// \param special  Drop: the ids are stated without special tokens, and nothing but `ids` of single
///                 texts is compared.
/// \throws DataError  when `special` is Drop and a case has a pair.
TokenCheck check_tokens(const Tokenizer& tokenizer,
                        std::span<const TokenCase> cases,
                        SpecialTokens special = SpecialTokens::Keep);

}  // namespace mobi
