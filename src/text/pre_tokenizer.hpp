// SPDX-License-Identifier: Apache-2.0
//
// How a text is cut into the words within which byte pairs merge.  The published patterns are
// regular expressions; each is a hand-written scanner here:
//
//   GPT-2, OPT, RoBERTa
//     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   Llama 3, and Qwen2 with \p{N} in place of \p{N}{1,3}
//     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//     ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// Sources: https://github.com/openai/gpt-2/blob/master/src/encoder.py,
// https://github.com/meta-llama/llama3/blob/main/llama/tokenizer.py, the Qwen2 tokenizer of
// transformers.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mobi {

/// One way to cut a text.  Nothing of the text is lost.
enum class Splitter {
    Gpt2,         ///< the first pattern above
    Qwen2,        ///< the second, with single digits
    Llama3,       ///< the second
    Digits,       ///< runs of `\p{N}`, and what is between them
    SingleDigit,  ///< each `\p{N}` alone
    Metaspace,    ///< before each U+2581, the visible blank of SentencePiece
};

/// The splitter of a published pattern, spelled as in tokenizer.json; nothing for another one.
std::optional<Splitter> splitter_of_pattern(std::string_view regex);

struct PreTokenizerOptions {
    /// Where a blank is put in front of a section (the text between added tokens) that does not
    /// begin with one.
    enum class Prefix {
        Never,
        First,  ///< of the section that begins the text
        Always,
    };
    Prefix prefix = Prefix::Never;
    std::string blank = " ";          ///< what a blank is written as
    std::vector<Splitter> splitters;  ///< each cuts what the one before it left; none: one word
};

/// Cuts text into words.  Immutable, so thread-safe.
class PreTokenizer {
  public:
    explicit PreTokenizer(PreTokenizerOptions options) : options_(std::move(options)) {}

    /// Returns whether to go on.
    using Visit = std::function<bool(std::string_view word)>;

    /// \param section      valid UTF-8.
    /// \param begins_text  whether nothing comes before it.
    /// \param visit        called with each word in order; a view that is valid during the call.
    void visit(std::string_view section, bool begins_text, const Visit& visit) const;

  private:
    bool visit_from(std::size_t splitter, std::string_view text, const Visit& visit) const;

    PreTokenizerOptions options_;
};

/// The end of the word that begins at `start`.  \pre start < text.size()
std::size_t end_of_word(Splitter splitter, std::string_view text, std::size_t start);

}  // namespace mobi
