// SPDX-License-Identifier: Apache-2.0
#include "text/piece_table.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

std::string random_piece(RandomStream& random, std::size_t longest, int letters) {
    std::string piece;
    for (auto length = random.below(longest + 1); length > 0; --length)
        piece += static_cast<char>('a' + random.below(static_cast<std::uint64_t>(letters)));
    return piece;
}

PieceTable::Match naive_prefix(const std::map<std::string, std::int32_t>& pieces,
                               const std::string& text) {
    PieceTable::Match best;
    for (const auto& [piece, id] : pieces)
        if (piece.size() > best.bytes && text.starts_with(piece)) best = {piece.size(), id};
    return best;
}

TEST(PieceTableTest, EqualsAMapOnRandomPieces) {
    RandomStream random(1, Purpose::Test);
    for (int round = 0; round < 200; ++round) {
        const int letters = 1 + static_cast<int>(random.below(4));
        const std::size_t longest = 1 + random.below(round % 10 == 0 ? 150 : 8);
        const std::size_t count = random.below(60);
        std::map<std::string, std::int32_t> pieces;
        PieceTable table(count);
        for (std::size_t i = 0; i < count; ++i) {
            const std::string piece = random_piece(random, longest, letters);
            const auto id = static_cast<std::int32_t>(random.below(1000));
            table.add(piece, id);
            if (!piece.empty()) pieces[piece] = id;
        }
        for (const auto& [piece, id] : pieces) ASSERT_EQ(table.id_of(piece), id) << piece;
        for (int i = 0; i < 50; ++i) {
            const std::string text = random_piece(random, 2 * longest, letters);
            const auto expected = naive_prefix(pieces, text);
            const auto match = table.longest_prefix(text);
            ASSERT_EQ(match.bytes, expected.bytes) << text;
            ASSERT_EQ(match.id, expected.id) << text;
            ASSERT_EQ(table.id_of(text), pieces.contains(text) ? pieces.at(text) : -1) << text;
        }
    }
}

TEST(PieceTableTest, AnyByteMayBeInAPiece) {
    PieceTable table(256);
    for (int byte = 0; byte < 256; ++byte) table.add(std::string(2, static_cast<char>(byte)), byte);
    for (int byte = 0; byte < 256; ++byte) {
        const std::string piece(2, static_cast<char>(byte));
        EXPECT_EQ(table.id_of(piece), byte);
        EXPECT_EQ(table.longest_prefix(piece + '\0').id, byte);
        EXPECT_EQ(table.id_of(piece.substr(1)), -1);
    }
}

TEST(PieceTableTest, AnEmptyTableFindsNothing) {
    const PieceTable table(0);
    EXPECT_EQ(table.id_of(""), -1);
    EXPECT_EQ(table.id_of("a"), -1);
    EXPECT_EQ(table.longest_prefix("a").bytes, 0U);
    EXPECT_EQ(table.longest_prefix("a").id, -1);
}

// Up to 64 bytes the hashes of the prefixes lie in an array, beyond it in memory of their own.
TEST(PieceTableTest, PiecesAroundTheLengthOfTheArrayAreFound) {
    PieceTable table(200);
    for (std::size_t length = 1; length <= 130; ++length)
        if (length % 3 == 0) table.add(std::string(length, 'x'), static_cast<std::int32_t>(length));
    for (std::size_t length = 0; length < 140; ++length)
        EXPECT_EQ(table.longest_prefix(std::string(length, 'x')).bytes,
                  std::min<std::size_t>(length, 130) / 3 * 3);
}

}  // namespace
}  // namespace mobi::test
