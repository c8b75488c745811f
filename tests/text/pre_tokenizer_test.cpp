// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.hpp"

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

}  // namespace
}  // namespace mobi::test
