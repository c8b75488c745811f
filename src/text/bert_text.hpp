// SPDX-License-Identifier: Apache-2.0
//
// The text clean-up and word splitting of BERT, as the tokenizers library 0.23 does them
// (BertNormalizer, BertPreTokenizer).  Its tables of categories are those of Unicode 8: characters
// that came later are letters to it, whatever they are.  Compared over all 1,112,063 code points
// but U+0000 (tests/scripts/compare_characters.py): equal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mobi {

/// What BertNormalizer's keys of the same meaning switch.
struct BertTextOptions {
    bool clean_text = true;     ///< drop control, format and private-use characters, unify blanks
    bool space_cjk = true;      ///< a blank before and after each CJK ideograph
    bool strip_accents = true;  ///< decompose (NFD) and drop the non-spacing marks
    bool lower_case = true;
};

/// Cleans text up.  Immutable, so thread-safe.
class BertText {
  public:
    explicit BertText(BertTextOptions options);

    /// Appends the cleaned text to `out`, as UTF-8.
    void append(std::string_view text, std::string& out) const;

  private:
    struct Run {
        std::u16string units;
        bool changes = false;  // a character may decompose, move or have another lower case
    };
    std::size_t append_run(std::string_view text, std::size_t start, std::string& out) const;
    void flush(Run& run, std::string& out) const;

    BertTextOptions options_;
    std::array<std::int16_t, 128> ascii_{};  // what an ASCII character becomes; -1: nothing
};

/// Splits cleaned text at white space, which goes, and around every punctuation character, which
/// stays as a word of its own.
class WordSplitter {
  public:
    /// \param text  valid UTF-8; must outlive the splitter.
    explicit WordSplitter(std::string_view text) : text_(text) {}

    /// The next word, or an empty view after the last.
    std::string_view next();

  private:
    std::string_view text_;
    std::size_t position_ = 0;
};

}  // namespace mobi
