// SPDX-License-Identifier: Apache-2.0
#include "text/piece_spelling.hpp"

#include <array>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Kind = PieceSpelling::Kind;

TEST(PieceSpellingTest, TheLastSpellingOfAnIdCounts) {
    RandomStream random(1, Purpose::Test);
    PieceSpelling spelling;
    std::map<std::int32_t, std::pair<std::string, Kind>> expected;
    for (int i = 0; i < 3000; ++i) {
        const auto id = static_cast<std::int32_t>(random.below(500)) * 1'000'003 - 7;
        std::string text;
        for (auto length = random.below(9); length > 0; --length)
            text += static_cast<char>(random.below(256));
        const Kind kind = std::array{Kind::Piece, Kind::Added, Kind::Special}[random.below(3)];
        spelling.set(id, text, kind);
        expected[id] = {text, kind};
    }
    for (std::int32_t i = 0; i < 600; ++i) {
        const std::int32_t id = i * 1'000'003 - 7;
        const auto entry = spelling.find(id);
        ASSERT_EQ(entry.has_value(), expected.contains(id));
        if (!entry) continue;
        EXPECT_EQ(entry->text, expected.at(id).first);
        EXPECT_EQ(entry->kind, expected.at(id).second);
    }
}

TEST(PieceSpellingTest, AnEmptySpellingIsOne) {
    PieceSpelling spelling;
    EXPECT_FALSE(spelling.find(0));
    spelling.set(0, "", Kind::Added);
    ASSERT_TRUE(spelling.find(0));
    EXPECT_EQ(spelling.find(0)->text, "");
}

TEST(PieceSpellingTest, AddedTokensAreSpecialOrNot) {
    AddedToken token;
    EXPECT_EQ(PieceSpelling::kind_of(token), Kind::Special);
    token.special = false;
    EXPECT_EQ(PieceSpelling::kind_of(token), Kind::Added);
}

}  // namespace
}  // namespace mobi::test
