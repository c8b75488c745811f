// SPDX-License-Identifier: Apache-2.0
#include "weights/content_hash.hpp"

#include <bit>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi {
namespace {

std::string hash_of(const std::vector<std::string>& pieces) {
    ContentHash hash;
    for (const std::string& piece : pieces) hash.add(piece);
    return hash.hex();
}

std::string random_bytes(std::size_t size, std::uint64_t draw) {
    RandomStream random(1, Purpose::Test, draw);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    return bytes;
}

TEST(ContentHashTest, ItIsThirtyTwoDigitsThatDependOnTheBytesAlone) {
    for (const std::size_t size : {0U, 1U, 7U, 8U, 63U, 64U, 65U, 1000U}) {
        const std::string bytes = random_bytes(size, size);
        const std::string hex = hash_of({bytes});
        EXPECT_EQ(hex.size(), 32U);
        EXPECT_EQ(hex.find_first_not_of("0123456789abcdef"), std::string::npos);
        const std::string elsewhere = "x" + bytes;  // another alignment
        ContentHash moved;
        moved.add(std::string_view(elsewhere).substr(1));
        EXPECT_EQ(moved.hex(), hex);
    }
}

TEST(ContentHashTest, ReadingItChangesNothing) {
    ContentHash hash;
    hash.add("a");
    const std::string once = hash.hex();
    EXPECT_EQ(hash.hex(), once);
    hash.add("b");
    EXPECT_EQ(hash.hex(), hash_of({"a", "b"}));
}

TEST(ContentHashTest, WhereAPieceEndsCounts) {
    EXPECT_NE(hash_of({"ab", "c"}), hash_of({"a", "bc"}));
    EXPECT_NE(hash_of({"abc"}), hash_of({"ab", "c"}));
    EXPECT_NE(hash_of({"a", ""}), hash_of({"a"}));
    EXPECT_NE(hash_of({}), hash_of({""}));
    EXPECT_NE(hash_of({"a", "b"}), hash_of({"b", "a"}));
    const std::string stripe = random_bytes(64, 1);
    EXPECT_NE(hash_of({stripe + stripe}), hash_of({stripe, stripe}));
}

TEST(ContentHashTest, ZerosAtTheEndCount) {
    std::set<std::string> seen;
    for (std::size_t zeros = 0; zeros < 200; ++zeros)
        EXPECT_TRUE(seen.insert(hash_of({"a" + std::string(zeros, '\0')})).second) << zeros;
}

TEST(ContentHashTest, NoBitOfAFileGetsLost) {
    for (const std::size_t size : {1U, 13U, 64U, 130U, 500U}) {
        const std::string bytes = random_bytes(size, 100 + size);
        const std::string before = hash_of({bytes});
        for (std::size_t bit = 0; bit < 8 * size; ++bit) {
            std::string changed = bytes;
            changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
            EXPECT_NE(hash_of({changed}), before) << "bit " << bit << " of " << size;
        }
    }
}

TEST(ContentHashTest, WordsThatTradePlacesCount) {
    const std::string bytes = random_bytes(256, 7);
    std::set<std::string> seen{hash_of({bytes})};
    for (std::size_t i = 0; i < 32; ++i)
        for (std::size_t j = 0; j < i; ++j) {
            std::string changed = bytes;
            for (std::size_t c = 0; c < 8; ++c) std::swap(changed[8 * i + c], changed[8 * j + c]);
            EXPECT_TRUE(seen.insert(hash_of({changed})).second) << i << ' ' << j;
        }
}

TEST(ContentHashTest, OneBitMovesHalfOfTheDigits) {
    const std::string bytes = random_bytes(100, 8);
    const auto word = [](const std::string& hex, std::size_t first) {
        return std::stoull(hex.substr(first, 16), nullptr, 16);
    };
    const std::string before = hash_of({bytes});
    double flipped = 0;
    constexpr int kRounds = 400;
    for (int round = 0; round < kRounds; ++round) {
        std::string changed = bytes;
        const auto bit = static_cast<std::size_t>(2 * round + 1);
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        const std::string after = hash_of({changed});
        flipped += std::popcount(word(before, 0) ^ word(after, 0)) +
                   std::popcount(word(before, 16) ^ word(after, 16));
    }
    // 64 of 128 on average, a standard deviation of 5.7 each: 0.28 of the mean of 400
    EXPECT_NEAR(flipped / kRounds, 64, 6 * 0.28);
}

}  // namespace
}  // namespace mobi
