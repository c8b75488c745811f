// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/llama2c_vocabulary.hpp"

#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

template <typename T>
void append(std::string& bytes, T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.append(raw, sizeof(T));
}

/// The tokens that every file has, then `pieces` with their scores from id 259 on.
std::string vocabulary(const std::vector<std::pair<std::string, float>>& pieces,
                       std::int32_t longest = 16) {
    std::string bytes;
    append(bytes, longest);
    const auto put = [&](const std::string& piece, float score) {
        append(bytes, score);
        append(bytes, static_cast<std::int32_t>(piece.size()));
        bytes += piece;
    };
    for (const char* piece : {"<unk>", "\n<s>\n", "\n</s>\n"}) put(piece, 0);
    for (int byte = 0; byte < 256; ++byte) put("<0xNN>", 0);
    for (const auto& [piece, score] : pieces) put(piece, score);
    return bytes;
}

BytePairTokenizer tokenizer(const std::vector<std::pair<std::string, float>>& pieces) {
    return BytePairTokenizer(parse_llama2c_vocabulary("t.bin", vocabulary(pieces)));
}

std::string complaint(const std::string& bytes) {
    try {
        parse_llama2c_vocabulary("t.bin", bytes);
    } catch (const DataError& error) {
        return error.what();
    }
    return "no error";
}

TEST(Llama2cVocabularyTest, TheBestScoreMergesWhateverItsHalves) {
    // 259 blank, 260 a, 261 b, 262 c; bc before ab
    const auto made = tokenizer(
        {{" ", -9}, {"a", -9}, {"b", -9}, {"c", -9}, {"ab", -2}, {"bc", -1}, {"abc", -3}});
    EXPECT_EQ(made.encode("abc", {}, 0).ids, (Ids{1, 259, 265})) << "a and bc make abc too";
    EXPECT_EQ(made.encode("abab", {}, 0).ids, (Ids{1, 259, 263, 263}));
    EXPECT_EQ(made.encode("", {}, 0).ids, (Ids{1}));
}

TEST(Llama2cVocabularyTest, OfEqualScoresTheLeftmostMerges) {
    const auto made = tokenizer({{" ", 0}, {"a", 0}, {"b", 0}, {"ab", 0}, {"ba", 0}});
    EXPECT_EQ(made.encode("aba", {}, 0).ids, (Ids{1, 259, 262, 260}));
    EXPECT_EQ(made.encode("bab", {}, 0).ids, (Ids{1, 259, 263, 261}));
}

TEST(Llama2cVocabularyTest, CharactersWithoutAPieceAreTheirBytes) {
    const auto made = tokenizer({{" ", 0}, {"\u00E9", 0}});
    EXPECT_EQ(made.encode("\u00E9\u00EA\n", {}, 0).ids,
              (Ids{1, 259, 260, 3 + 0xC3, 3 + 0xAA, 3 + '\n'}));
    EXPECT_EQ(made.decode(Ids{1, 259, 260, 3 + 0xC3, 3 + 0xAA}, SpecialTokens::Drop),
              "\u00E9\u00EA");
    EXPECT_EQ(made.decode(Ids{1, 259, 2}, SpecialTokens::Keep), "\n<s>\n \n</s>\n");
}

TEST(Llama2cVocabularyTest, NoTextBecomesASpecialToken) {
    const auto made = tokenizer({{" ", 0}, {"<", 0}, {"s", 0}, {">", 0}});
    EXPECT_EQ(made.encode("<s>", {}, 0).ids, (Ids{1, 259, 260, 261, 262}));
}

TEST(Llama2cVocabularyTest, FaultsAreNamed) {
    const std::string good = vocabulary({{" ", 0}});
    EXPECT_EQ(complaint(good), "no error");
    EXPECT_EQ(complaint(""),
              "t.bin: ends within the longest piece's length; a vocabulary of llama2.c is read");
    EXPECT_EQ(complaint(good.substr(0, good.size() - 1)),
              "t.bin: ends within token 259; a vocabulary of llama2.c is read");
    EXPECT_EQ(complaint(good + "abc"),
              "t.bin: ends within token 260; a vocabulary of llama2.c is read");
    EXPECT_EQ(complaint(vocabulary({}).substr(0, 4 + 8 + 5)),
              "t.bin: has 1 tokens, not the 259 that every vocabulary of llama2.c has");
    EXPECT_EQ(complaint(vocabulary({{" ", std::numeric_limits<float>::quiet_NaN()}})),
              "t.bin: token 259 has the score nan and 1 bytes; a finite score and 0 to 16 bytes "
              "are read");
    EXPECT_EQ(complaint(vocabulary({{"aaaaaaaa", 0}}, 7)),
              "t.bin: token 259 has the score 0 and 8 bytes; a finite score and 0 to 7 bytes are "
              "read");
}

}  // namespace
}  // namespace mobi::test
