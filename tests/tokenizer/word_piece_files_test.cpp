// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/word_piece_files.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

WordPieces read(const std::string& text) {
    return read_vocab_txt({"vocab.txt", text});
}

TEST(VocabTxtTest, TheNumberOfALineIsTheId) {
    EXPECT_EQ(read("[PAD]\n a\nb"), (WordPieces{{"[PAD]", 0}, {" a", 1}, {"b", 2}}));
}

TEST(VocabTxtTest, WhiteSpaceAtTheEndOfALineIsNotPartOfThePiece) {
    EXPECT_EQ(read("a\r\nb \u00A0\t\n\u3000\nc d\n"),
              (WordPieces{{"a", 0}, {"b", 1}, {"", 2}, {"c d", 3}}));
}

TEST(VocabTxtTest, OfEqualLinesTheLastOneCounts) {
    EXPECT_EQ(ids_of(read("a\nb\na\n")), (PieceIds{{"a", 2}, {"b", 1}}));
}

TEST(VocabTxtTest, WhatIsNotUtf8IsNamedByItsLine) {
    try {
        read("a\n\xFF\n");
        FAIL();
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(),
                     "vocab.txt:2: byte 0xFF is not UTF-8 text (iconv -f latin1 -t utf-8 "
                     "converts Latin-1)");
    }
}

}  // namespace
}  // namespace mobi::test
