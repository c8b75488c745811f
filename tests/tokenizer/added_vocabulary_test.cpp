// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/added_vocabulary.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

AddedToken token(const std::string& content, bool special = true) {
    AddedToken made;
    made.content = content;
    made.special = special;
    return made;
}

void add(AddedVocabulary& vocabulary, const std::vector<AddedToken>& tokens) {
    vocabulary.add(tokens);
}

TEST(AddedVocabularyTest, APieceKeepsItsIdAndANewTokenGetsTheNext) {
    AddedVocabulary vocabulary({{"a", 0}, {"b", 1}, {"c", 2}});
    add(vocabulary, {token("x"), token("b"), token("y")});
    EXPECT_EQ(vocabulary.id_of("x"), 3);
    EXPECT_EQ(vocabulary.id_of("b"), 1);
    EXPECT_EQ(vocabulary.id_of("y"), 4);
    EXPECT_EQ(vocabulary.id_of("z"), -1);
    EXPECT_TRUE(vocabulary.spells("b"));
    EXPECT_FALSE(vocabulary.spells("a")) << "a piece, but not added";
}

TEST(AddedVocabularyTest, TheNumberOfPiecesCountsAndNotTheirLargestId) {
    AddedVocabulary vocabulary({{"a", 0}, {"b", 9}});
    add(vocabulary, {token("x")});
    EXPECT_EQ(vocabulary.id_of("x"), 2);
    add(vocabulary, {token("b"), token("y")});
    EXPECT_EQ(vocabulary.id_of("y"), 10) << "one more than the largest that was given out";
}

TEST(AddedVocabularyTest, IdsOfTheTokensAreNotLookedAt) {
    AddedVocabulary vocabulary({{"a", 0}});
    AddedToken far = token("x");
    far.id = 700;
    add(vocabulary, {far});
    ASSERT_EQ(vocabulary.tokens().size(), 1U);
    EXPECT_EQ(vocabulary.tokens().front().id, 1);
}

TEST(AddedVocabularyTest, TheLastSwitchesCount) {
    AddedVocabulary vocabulary({{"a", 0}});
    AddedToken swallows = token("x", false);
    swallows.lstrip = swallows.normalized = true;
    add(vocabulary, {swallows, token("x"), token("")});
    ASSERT_EQ(vocabulary.tokens().size(), 1U);
    EXPECT_TRUE(same_but_id(vocabulary.tokens().front(), token("x")));
}

}  // namespace
}  // namespace mobi::test
