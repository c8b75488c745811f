// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "text/character_class.hpp"
#include "text/random_text.hpp"
#include "text/utf8.hpp"

namespace mobi::test {
namespace {

using Words = std::vector<std::string>;
using Prefix = PreTokenizerOptions::Prefix;

Words words_of(const PreTokenizerOptions& options, std::string_view text, bool begins_text = true) {
    Words words;
    PreTokenizer(options).visit(text, begins_text, [&](std::string_view word) {
        words.emplace_back(word);
        return true;
    });
    return words;
}

Words words_of(Splitter splitter, std::string_view text) {
    return words_of({Prefix::Never, " ", {splitter}}, text);
}

TEST(CharacterClassTest, TellsLettersNumbersAndSpacesOfEveryScript) {
    for (const char32_t c : {U'a', U'Z', U'é', U'ß', U'и', U'中', U'ª', U'\u02B0', U'\U00020000'})
        EXPECT_EQ(class_of(c), CharacterClass::Letter) << static_cast<std::uint32_t>(c);
    for (const char32_t c : {U'0', U'½', U'²', U'Ⅷ', U'٣', U'\U0001D7D8'})
        EXPECT_EQ(class_of(c), CharacterClass::Number) << static_cast<std::uint32_t>(c);
    for (const char32_t c :
         {U' ', U'\t', U'\v', U'\u0085', U'\u00A0', U'\u1680', U'\u2028', U'\u3000'})
        EXPECT_EQ(class_of(c), CharacterClass::Space) << static_cast<std::uint32_t>(c);
    for (const char32_t c :
         {U'\0', U'!', U'_', U'\u0301', U'\u200B', U'\u180E', U'🙂', U'\uE000', U'\U0010FFFF'})
        EXPECT_EQ(class_of(c), CharacterClass::Other) << static_cast<std::uint32_t>(c);
}

TEST(SplitterTest, Gpt2TakesABlankWithTheWordThatFollows) {
    EXPECT_EQ(words_of(Splitter::Gpt2, "Hello world, 12 times!"),
              (Words{"Hello", " world", ",", " 12", " times", "!"}));
    EXPECT_EQ(words_of(Splitter::Gpt2, "a1\u00BD_\u4E2D"), (Words{"a", "1\u00BD", "_", "\u4E2D"}));
    EXPECT_EQ(words_of(Splitter::Gpt2, "e\u0301 !?"), (Words{"e", "\u0301", " !?"}));
}

TEST(SplitterTest, Gpt2LeavesTheLastSpaceToTheWordThatFollows) {
    EXPECT_EQ(words_of(Splitter::Gpt2, "a   b"), (Words{"a", "  ", " b"}));
    EXPECT_EQ(words_of(Splitter::Gpt2, "a \n\tb"), (Words{"a", " \n", "\t", "b"}));
    EXPECT_EQ(words_of(Splitter::Gpt2, "a\u00A0b"), (Words{"a", "\u00A0", "b"}));
    EXPECT_EQ(words_of(Splitter::Gpt2, "a  "), (Words{"a", "  "})) << "nothing follows";
    EXPECT_EQ(words_of(Splitter::Gpt2, " "), (Words{" "}));
}

TEST(SplitterTest, Gpt2KnowsContractionsInLowerCase) {
    EXPECT_EQ(words_of(Splitter::Gpt2, "I'm they'll've don't'd're"),
              (Words{"I", "'m", " they", "'ll", "'ve", " don", "'t", "'d", "'re"}));
    EXPECT_EQ(words_of(Splitter::Gpt2, "IT'S 'x 'l ''s '"),
              (Words{"IT", "'", "S", " '", "x", " '", "l", " ''", "s", " '"}));
}

TEST(SplitterTest, Llama3TakesOneSignWithTheLettersThatFollow) {
    EXPECT_EQ(words_of(Splitter::Llama3, "Hello world\tx_y(z)"),
              (Words{"Hello", " world", "\tx", "_y", "(z", ")"}));
    EXPECT_EQ(words_of(Splitter::Llama3, "\nx ,x ,,x"), (Words{"\n", "x", " ,", "x", " ,,", "x"}));
    EXPECT_EQ(words_of(Splitter::Llama3, "IT'S it'Ll 'xy '\u017Fx"),
              (Words{"IT", "'S", " it", "'Ll", " '", "xy", " '", "\u017Fx"}));
    EXPECT_EQ(words_of(Splitter::Llama3, "a'\u017Fx"), (Words{"a", "'\u017F", "x"}));
}

TEST(SplitterTest, Llama3EndsWordsOfSignsAfterTheLineEnd) {
    EXPECT_EQ(words_of(Splitter::Llama3, "a;\r\n\r\nb"), (Words{"a", ";\r\n\r\n", "b"}));
    EXPECT_EQ(words_of(Splitter::Llama3, "a \n \n  b"), (Words{"a", " \n \n", " ", " b"}));
    EXPECT_EQ(words_of(Splitter::Llama3, "a  1 "), (Words{"a", " ", " ", "1", " "}));
    EXPECT_EQ(words_of(Splitter::Llama3, "a  "), (Words{"a", "  "}));
}

TEST(SplitterTest, Llama3TakesThreeDigitsAndQwen2One) {
    EXPECT_EQ(words_of(Splitter::Llama3, "x12345 6"), (Words{"x", "123", "45", " ", "6"}));
    EXPECT_EQ(words_of(Splitter::Qwen2, "x12345 6"),
              (Words{"x", "1", "2", "3", "4", "5", " ", "6"}));
}

TEST(SplitterTest, DigitsAndVisibleBlanksAreCutOut) {
    EXPECT_EQ(words_of(Splitter::Digits, "a 12\u00BDb3"), (Words{"a ", "12\u00BD", "b", "3"}));
    EXPECT_EQ(words_of(Splitter::SingleDigit, "12b"), (Words{"1", "2", "b"}));
    EXPECT_EQ(words_of(Splitter::Metaspace, "a\u2581b\u2581\u2581c"),
              (Words{"a", "\u2581b", "\u2581", "\u2581c"}));
    EXPECT_EQ(words_of({Prefix::Never, " ", {Splitter::SingleDigit, Splitter::Gpt2}}, "a 12 b"),
              (Words{"a", " ", "1", "2", " b"}));
}

TEST(PreTokenizerTest, TheBlankInFrontFollowsItsSwitch) {
    const auto whole = [](Prefix prefix, const char* blank, std::string_view text, bool begins) {
        return words_of({prefix, blank, {}}, text, begins);
    };
    EXPECT_EQ(whole(Prefix::Always, " ", "a", false), (Words{" a"}));
    EXPECT_EQ(whole(Prefix::Always, " ", " a", false), (Words{" a"}));
    EXPECT_EQ(whole(Prefix::First, "\u2581", "a b", true), (Words{"\u2581a\u2581b"}));
    EXPECT_EQ(whole(Prefix::First, "\u2581", "a b", false), (Words{"a\u2581b"}));
    EXPECT_EQ(whole(Prefix::Always, "\u2581", "\u2581x", true), (Words{"\u2581x"}));
    EXPECT_EQ(whole(Prefix::Always, "\u2581", "  x", true), (Words{"\u2581\u2581x"}));
    EXPECT_EQ(whole(Prefix::Never, "\u2581", "x ", true), (Words{"x\u2581"}));
    EXPECT_EQ(whole(Prefix::Always, " ", "", true), Words{});
}

TEST(PreTokenizerTest, StopsWhenItIsTold) {
    int words = 0;
    PreTokenizer({Prefix::Never, " ", {Splitter::Digits, Splitter::Gpt2}})
        .visit("a b 1 c", true, [&](std::string_view) { return ++words < 2; });
    EXPECT_EQ(words, 2);
}

TEST(PreTokenizerTest, NothingOfAnyTextIsLost) {
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 2000; ++round) {
        const std::string text = replaced_utf8(random_text(stream, stream.below(30)));
        for (const Splitter splitter :
             {Splitter::Gpt2, Splitter::Qwen2, Splitter::Llama3, Splitter::Digits,
              Splitter::SingleDigit, Splitter::Metaspace}) {
            std::string joined;
            for (const std::string& word : words_of(splitter, text)) {
                ASSERT_FALSE(word.empty());
                joined += word;
            }
            ASSERT_EQ(joined, text);
        }
    }
}

TEST(SplitterTest, OnlyPublishedPatternsAreKnown) {
    EXPECT_EQ(splitter_of_pattern(
                  R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"),
              Splitter::Gpt2);
    EXPECT_FALSE(splitter_of_pattern(R"(\s+)"));
    EXPECT_FALSE(splitter_of_pattern(""));
}

/// A text as code points, and the end of each in bytes.
struct Points {
    explicit Points(std::string_view text) {
        for (std::size_t i = 0; i < text.size();) {
            points.push_back(next_character(text, i));
            ends.push_back(i);
        }
    }
    std::vector<char32_t> points;
    std::vector<std::size_t> ends;
};

/// The published patterns, alternative by alternative, as a backtracking matcher reads them.
/// Positions count code points; an alternative that does not match gives `start`.
class NaivePattern {
  public:
    NaivePattern(const std::vector<char32_t>& text, Splitter splitter)
        : text_(text), splitter_(splitter) {}

    std::size_t end_of_match(std::size_t start) const {
        const bool gpt2 = splitter_ == Splitter::Gpt2;
        const std::size_t ends[] = {
            contraction(start, !gpt2),
            gpt2 ? blank_then(start, CharacterClass::Letter) : sign_then_letters(start),
            gpt2 ? blank_then(start, CharacterClass::Number)
                 : run(start, CharacterClass::Number, splitter_ == Splitter::Qwen2 ? 1 : 3),
            signs(start, !gpt2),
            gpt2 ? start : spaces_to_line_end(start),
            spaces_before_space(start),
            run(start, CharacterClass::Space)};
        for (const std::size_t end : ends)
            if (end > start) return end;
        ADD_FAILURE() << "no alternative matches";
        return text_.size();
    }

  private:
    bool is(std::size_t place, CharacterClass kind) const {
        return place < text_.size() && class_of(text_[place]) == kind;
    }
    bool line_end(std::size_t place) const {
        return place < text_.size() && (text_[place] == U'\r' || text_[place] == U'\n');
    }
    std::size_t run(std::size_t start, CharacterClass kind, std::size_t most = 1000) const {
        std::size_t end = start;
        while (end - start < most && is(end, kind)) ++end;
        return end;
    }
    // 's|'t|'re|'ve|'m|'ll|'d
    std::size_t contraction(std::size_t start, bool fold) const {
        for (const std::u32string end : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
            bool equal = start + end.size() <= text_.size();
            for (std::size_t i = 0; equal && i < end.size(); ++i) {
                char32_t c = text_[start + i];
                if (fold && c >= U'A' && c <= U'Z') c += 32;
                if (fold && c == U'\u017F') c = U's';
                equal = c == end[i];
            }
            if (equal) return start + end.size();
        }
        return start;
    }
    // ` ?\p{..}+`
    std::size_t blank_then(std::size_t start, CharacterClass kind) const {
        const std::size_t body = text_[start] == U' ' ? start + 1 : start;
        const std::size_t end = run(body, kind);
        return end > body ? end : start;
    }
    // `[^\r\n\p{L}\p{N}]?\p{L}+`
    std::size_t sign_then_letters(std::size_t start) const {
        const bool sign = !line_end(start) && !is(start, CharacterClass::Letter) &&
                          !is(start, CharacterClass::Number);
        const std::size_t body = sign ? start + 1 : start;
        const std::size_t end = run(body, CharacterClass::Letter);
        return end > body ? end : start;
    }
    // ` ?[^\s\p{L}\p{N}]+`, with `[\r\n]*` behind it or not
    std::size_t signs(std::size_t start, bool line_ends) const {
        std::size_t end = blank_then(start, CharacterClass::Other);
        while (line_ends && end > start && line_end(end)) ++end;
        return end;
    }
    // `\s*[\r\n]+`: as many spaces as leave a line end for the rest
    std::size_t spaces_to_line_end(std::size_t start) const {
        for (std::size_t spaces = run(start, CharacterClass::Space) + 1; spaces-- > start;) {
            std::size_t end = spaces;
            while (line_end(end)) ++end;
            if (end > spaces) return end;
        }
        return start;
    }
    // `\s+(?!\S)`
    std::size_t spaces_before_space(std::size_t start) const {
        for (std::size_t end = run(start, CharacterClass::Space); end > start; --end)
            if (end == text_.size() || is(end, CharacterClass::Space)) return end;
        return start;
    }

    const std::vector<char32_t>& text_;
    Splitter splitter_;
};

/// Characters at which the patterns turn.
std::string turning_text(RandomStream& stream) {
    static const std::vector<std::string> pieces{
        " ",      " ",   "\n", "\r", "\t",     "\u00A0", "\u3000", "'",          "'s",
        "'re",    "'Ll", "'V", "a",  "Z",      "e",      "l",      "1",          "23",
        "\u00BD", ",",   "!?", "_",  "\u0301", "\u4E2D", "\u017F", "\U0001F642", "\u200B"};
    std::string text;
    for (auto count = 1 + stream.below(14); count > 0; --count)
        text += pieces[stream.below(pieces.size())];
    return text;
}

TEST(SplitterTest, ThePatternsAreMatchedAsABacktrackingMatcherDoes) {
    RandomStream stream(2, Purpose::Test);
    for (int round = 0; round < 20000; ++round) {
        const std::string text = round % 4 == 0
                                     ? replaced_utf8(random_text(stream, 1 + stream.below(20)))
                                     : turning_text(stream);
        const Points points(text);
        for (const Splitter splitter : {Splitter::Gpt2, Splitter::Qwen2, Splitter::Llama3}) {
            const NaivePattern pattern(points.points, splitter);
            Words expected;
            for (std::size_t start = 0; start < points.points.size();) {
                const std::size_t end = pattern.end_of_match(start);
                const std::size_t from = start == 0 ? 0 : points.ends[start - 1];
                expected.push_back(text.substr(from, points.ends[end - 1] - from));
                start = end;
            }
            ASSERT_EQ(words_of(splitter, text), expected)
                << static_cast<int>(splitter) << " of '" << text << "'";
        }
    }
}

TEST(SplitterTest, DigitsAreCutByTheirClassAlone) {
    RandomStream stream(3, Purpose::Test);
    for (int round = 0; round < 3000; ++round) {
        const std::string text = turning_text(stream);
        const Points points(text);
        for (const Splitter splitter : {Splitter::Digits, Splitter::SingleDigit}) {
            Words expected;
            std::size_t begin = 0;
            for (std::size_t i = 0; i < points.points.size(); ++i) {
                const bool number = class_of(points.points[i]) == CharacterClass::Number;
                const bool next = i + 1 < points.points.size() &&
                                  class_of(points.points[i + 1]) == CharacterClass::Number;
                const bool last = i + 1 == points.points.size();
                if (!last && number == next && !(number && splitter == Splitter::SingleDigit))
                    continue;
                expected.push_back(text.substr(begin, points.ends[i] - begin));
                begin = points.ends[i];
            }
            ASSERT_EQ(words_of(splitter, text), expected) << text;
        }
    }
}

TEST(SplitterTest, EachSplitterCutsWhatTheOneBeforeLeft) {
    RandomStream stream(4, Purpose::Test);
    const std::vector<Splitter> all{Splitter::Gpt2,   Splitter::Qwen2,       Splitter::Llama3,
                                    Splitter::Digits, Splitter::SingleDigit, Splitter::Metaspace};
    for (int round = 0; round < 2000; ++round) {
        const std::string text = turning_text(stream);
        const Splitter first = all[stream.below(all.size())];
        const Splitter second = all[stream.below(all.size())];
        Words expected;
        for (const std::string& word : words_of(first, text))
            for (const std::string& part : words_of(second, word)) expected.push_back(part);
        ASSERT_EQ(words_of({Prefix::Never, " ", {first, second}}, text), expected);
    }
}

TEST(PreTokenizerTest, TheBlankIsPutInFrontAndWrittenAsSaid) {
    RandomStream stream(5, Purpose::Test);
    for (int round = 0; round < 3000; ++round) {
        const std::string text = turning_text(stream);
        const bool begins = stream.below(2) == 0;
        const std::string blank = std::array{" ", "\u2581", "__"}[stream.below(3)];
        const Prefix prefix =
            std::array{Prefix::Never, Prefix::First, Prefix::Always}[stream.below(3)];
        std::string expected;
        const bool wanted = prefix == Prefix::Always || (prefix == Prefix::First && begins);
        if (wanted && !text.starts_with(" ") && !text.starts_with(blank)) expected += blank;
        for (const char byte : text) expected += byte == ' ' ? blank : std::string(1, byte);
        ASSERT_EQ(words_of({prefix, blank, {}}, text, begins), Words{expected});
    }
}

TEST(SplitterTest, EveryPublishedPatternHasItsSplitter) {
    const std::string llama3 =
        R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
    EXPECT_EQ(splitter_of_pattern(llama3), Splitter::Llama3);
    std::string qwen2 = llama3;
    qwen2.erase(qwen2.find("{1,3}"), 5);
    EXPECT_EQ(splitter_of_pattern(qwen2), Splitter::Qwen2);
    EXPECT_FALSE(splitter_of_pattern(llama3 + " "));
    EXPECT_FALSE(splitter_of_pattern(llama3.substr(1)));
}

}  // namespace
}  // namespace mobi::test
