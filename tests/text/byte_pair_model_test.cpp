// SPDX-License-Identifier: Apache-2.0
#include "text/byte_pair_model.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;
using Unit = BytePairVocabulary::Unit;

/// Pieces from id 0 on; merges, best first, by the texts of both halves.
BytePairVocabulary vocabulary(const std::vector<std::string>& pieces,
                              const std::vector<std::pair<std::string, std::string>>& merges,
                              Unit unit = Unit::Byte) {
    BytePairVocabulary made;
    made.unit = unit;
    std::map<std::string, std::int32_t> ids;
    for (const std::string& piece : pieces) {
        made.pieces.emplace_back(piece, static_cast<std::int32_t>(ids.size()));
        ids.emplace(piece, made.pieces.back().second);
    }
    for (const auto& [left, right] : merges)
        made.merges.push_back({ids.at(left), ids.at(right), ids.at(left + right),
                               static_cast<std::int32_t>(made.merges.size())});
    return made;
}

Ids ids_of(const BytePairVocabulary& vocabulary, std::string_view word) {
    Ids ids;
    BytePairModel(vocabulary).append_ids(word, ids);
    return ids;
}

TEST(BytePairModelTest, MergesTheBestPairFirstNotTheLeftmost) {
    const auto made = vocabulary({"a", "b", "c", "bc", "ab"}, {{"b", "c"}, {"a", "b"}});
    EXPECT_EQ(ids_of(made, "abc"), (Ids{0, 3}));
    EXPECT_EQ(ids_of(made, "abab"), (Ids{4, 4}));
}

TEST(BytePairModelTest, OfEqualPairsTheLeftmostMerges) {
    const auto made = vocabulary({"a", "aa", "aaa"}, {{"a", "a"}, {"aa", "a"}});
    EXPECT_EQ(ids_of(made, "aaa"), (Ids{2}));
    EXPECT_EQ(ids_of(made, "aaaaa"), (Ids{1, 2}));
}

TEST(BytePairModelTest, OfEqualMergesTheLastCounts) {
    auto made = vocabulary({"a", "b", "c", "ab", "bc"}, {{"a", "b"}, {"b", "c"}, {"a", "b"}});
    EXPECT_EQ(ids_of(made, "abc"), (Ids{0, 4}));
}

TEST(BytePairModelTest, AWordThatIsAPieceMayIgnoreTheMerges) {
    auto made = vocabulary({"a", "b", "ab", "aab"}, {{"a", "b"}});
    EXPECT_EQ(ids_of(made, "aab"), (Ids{0, 2}));
    made.ignore_merges = true;
    EXPECT_EQ(ids_of(made, "aab"), (Ids{3}));
    EXPECT_EQ(ids_of(made, "aabb"), (Ids{0, 2, 1}));
}

TEST(BytePairModelTest, UnknownCharactersAreLeftOutPutOrFused) {
    auto made = vocabulary({"?", "a", "\u00E9", "a\u00E9"}, {{"a", "\u00E9"}}, Unit::Character);
    EXPECT_EQ(ids_of(made, "xa\u4E2D\u00E9"), (Ids{3})) << "left out, neighbours meet";
    made.unknown_id = 0;
    EXPECT_EQ(ids_of(made, "xya\u4E2D\u00E9z"), (Ids{0, 0, 1, 0, 2, 0}));
    made.fuse_unknown = true;
    EXPECT_EQ(ids_of(made, "xya\u4E2D\u00E9zz\u4E2D"), (Ids{0, 1, 0, 2, 0}));
}

TEST(BytePairModelTest, CharactersFallBackToBytesOnlyWhenEachHasAToken) {
    auto made = vocabulary({"?", "a", "b", "c"}, {}, Unit::Character);
    made.unknown_id = 0;
    made.byte_ids[0xC3] = 10;
    made.byte_ids[0xA9] = 11;
    EXPECT_EQ(ids_of(made, "a\u00E9b"), (Ids{1, 10, 11, 2}));
    EXPECT_EQ(ids_of(made, "a\u00EAb"), (Ids{1, 0, 2})) << "0xAA has no token";
    EXPECT_EQ(ids_of(made, "\u00EA\u00E9b"), (Ids{10, 11, 0, 2}))
        << "as the tokenizers library: the unknown token comes after the bytes";
}

/// The definition, in quadratic time.
Ids naive(const BytePairVocabulary& vocabulary, std::string_view word) {
    std::map<std::string, std::int32_t> ids(vocabulary.pieces.begin(), vocabulary.pieces.end());
    std::map<std::pair<std::int32_t, std::int32_t>, BytePairMerge> merges;
    for (const BytePairMerge& merge : vocabulary.merges) merges[{merge.left, merge.right}] = merge;
    Ids symbols;
    for (const char byte : word) symbols.push_back(ids.at(std::string(1, byte)));
    while (true) {
        const BytePairMerge* best = nullptr;
        std::size_t place = 0;
        for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
            const auto found = merges.find({symbols[i], symbols[i + 1]});
            if (found == merges.end() || (best != nullptr && best->rank <= found->second.rank))
                continue;
            best = &found->second;
            place = i;
        }
        if (best == nullptr) return symbols;
        symbols[place] = best->result;
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    }
}

TEST(BytePairModelTest, EqualsTheDefinitionOnRandomVocabulariesAndWords) {
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> pieces{"a", "b", "c"};
        std::vector<std::pair<std::string, std::string>> merges;
        for (int i = 0; i < 20; ++i) {
            const std::string left = pieces[stream.below(pieces.size())];
            const std::string right = pieces[stream.below(pieces.size())];
            const std::string whole = left + right;
            if (std::find(pieces.begin(), pieces.end(), whole) != pieces.end()) continue;
            pieces.push_back(whole);
            merges.emplace_back(left, right);
        }
        const BytePairVocabulary made = vocabulary(pieces, merges);
        for (int i = 0; i < 20; ++i) {
            std::string word;
            for (auto length = stream.below(60); length > 0; --length)
                word += static_cast<char>('a' + stream.below(3));
            ASSERT_EQ(ids_of(made, word), naive(made, word)) << word;
        }
    }
}

TEST(BytePairModelTest, AWordOfAMillionBytesIsNoTrouble) {
    const auto made = vocabulary({"a", "aa", "aaaa"}, {{"a", "a"}, {"aa", "aa"}});
    EXPECT_EQ(ids_of(made, std::string(1'000'000, 'a')).size(), 250'000U);  // quadratic: minutes
}

}  // namespace
}  // namespace mobi::test
