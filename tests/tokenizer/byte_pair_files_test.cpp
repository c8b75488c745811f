// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/byte_pair_files.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

constexpr const char* kVocabulary = R"({"a": 0, "b": 1, "\u0120": 2, "ab": 3, "\u0120a": 5})";

std::string complaint(const std::string& vocabulary, const std::string& merges) {
    try {
        read_byte_pair_files({"vocab.json", vocabulary}, {"merges.txt", merges});
    } catch (const DataError& error) {
        return error.what();
    }
    return "no error";
}

BytePairSpec read(const std::string& merges) {
    BytePairSpec spec;
    read_byte_pair_files({"vocab.json", kVocabulary}, {"merges.txt", merges})
        .finish(BytePairVocabulary::Unit::Byte, false, spec);
    return spec;
}

TEST(BytePairFilesTest, ReadsPiecesAsTheBytesTheyStandFor) {
    const BytePairSpec spec = read("#version: 0.2\n\u0120 a\na b\n");
    EXPECT_EQ(spec.vocabulary.pieces.size(), 5U);
    EXPECT_EQ(spec.vocabulary.pieces.back().first, " a") << "in the order of their spelling";
    ASSERT_EQ(spec.vocabulary.merges.size(), 2U);
    EXPECT_EQ(spec.vocabulary.merges[0].result, 5);
    EXPECT_EQ(spec.vocabulary.merges[1].rank, 1);
}

TEST(BytePairFilesTest, LinesOfMergesMayEndInCrlf) {
    EXPECT_EQ(read("#version: 0.2\r\na b\r\n\r\n").vocabulary.merges.size(), 1U);
}

TEST(BytePairFilesTest, FaultsAreNamed) {
    EXPECT_EQ(complaint(kVocabulary, "a b\nb a\n"), "merges.txt:2: \"ba\" is not in vocab");
    EXPECT_EQ(complaint(kVocabulary, "#version\na b c\n"),
              "merges.txt:2: is not two pieces with a blank between");
    EXPECT_EQ(complaint(kVocabulary, "a \xFF\n"),
              "merges.txt:1: byte 0xFF is not UTF-8 text (iconv -f latin1 -t utf-8 converts "
              "Latin-1)");
    EXPECT_EQ(complaint("[]", ""), "vocab.json: is not an object");
    EXPECT_EQ(complaint(R"({"a": "0"})", ""),
              "vocab.json: a: is not a whole number from 0 to 2147483646");
}

}  // namespace
}  // namespace mobi::test
