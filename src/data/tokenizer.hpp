// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace mobi {

/// Token ids of a text or a pair of texts, special tokens included.
struct Encoding {
    std::vector<std::int32_t> ids;
    std::vector<std::int32_t> type_ids;  ///< as many as ids: 0 or 1, which sentence (BERT)
};

/// Turns text into token ids.  Thread-safe: const throughout.
class Tokenizer {
  public:
    Tokenizer() = default;
    Tokenizer(const Tokenizer&) = delete;
    Tokenizer& operator=(const Tokenizer&) = delete;
    Tokenizer(Tokenizer&&) = delete;
    Tokenizer& operator=(Tokenizer&&) = delete;
    virtual ~Tokenizer() = default;

    /// \param text        UTF-8; bytes that are not count as U+FFFD.
    /// \param max_tokens  ids are cut to this many, special tokens included and kept: of a pair the
    ///                    longer text first (as `longest_first` of the tokenizers library); 0 = no
    ///                    limit.
    /// \throws ConfigError  when max_tokens leaves no room for the special tokens.
    virtual Encoding encode(std::string_view text,
                            std::optional<std::string_view> pair,
                            std::size_t max_tokens) const = 0;

    /// Every id is below this: what the backbone's embedding must have rows for.
    virtual std::int32_t vocabulary() const noexcept = 0;
};

/// The tokenizer of a Hugging Face folder: from `tokenizer.json`, else from `vocab.txt` and, where
/// there is one, `tokenizer_config.json`.  Padding and truncation that `tokenizer.json` asks for
/// are not applied. \throws DataError  naming the file, the key and what can be read.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder);

}  // namespace mobi
