// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/source_note.hpp"

namespace mobi {

/// Token ids of a text or a pair of texts, special tokens included.
struct Encoding {
    std::vector<std::int32_t> ids;
    std::vector<std::int32_t> type_ids;  ///< as many as ids: 0 or 1, which sentence (BERT)
};

/// Whether decoded text spells the special tokens out.
enum class SpecialTokens { Keep, Drop };

/// Turns text into token ids and back.  Thread-safe: const throughout.
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

    /// The ids of `text` alone: no special tokens around it, no limit.
    virtual std::vector<std::int32_t> encode_bare(std::string_view text) const = 0;

    /// The text of `ids`, without the clean-up of blanks that transformers can apply.  Byte-level
    /// pairs give back what was encoded, byte for byte; ids that end within a character give bytes
    /// that are not UTF-8.  Word pieces are joined by blanks, so what the clean-up of the text took
    /// away stays away.  An id without a piece, such as a row of the embedding that no token uses,
    /// gives nothing, as in the tokenizers library.
    virtual std::string decode(std::span<const std::int32_t> ids, SpecialTokens special) const = 0;

    /// Every id is below this: what the backbone's embedding must have rows for.
    virtual std::int32_t vocabulary() const noexcept = 0;

    /// What was read from where, when the folder says it more than once.
    const SourceNotes& sources() const noexcept { return sources_; }
    void set_sources(SourceNotes notes) { sources_ = std::move(notes); }

  private:
    SourceNotes sources_;
};

}  // namespace mobi
