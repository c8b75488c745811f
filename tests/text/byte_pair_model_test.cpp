// SPDX-License-Identifier: Apache-2.0
#include "text/byte_pair_model.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "text/utf8.hpp"

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

/// The units of a word by the docstring, fallback and unknown tokens included, then the merges in
/// quadratic time.
Ids naive_of_characters(const BytePairVocabulary& vocabulary, std::string_view word) {
    std::map<std::string, std::int32_t, std::less<>> ids;
    for (const auto& [piece, id] : vocabulary.pieces) ids[piece] = id;
    if (vocabulary.ignore_merges && ids.contains(word)) return {ids.find(word)->second};
    Ids symbols;
    bool unknown = false;
    for (std::size_t start = 0; start < word.size();) {
        std::size_t end = start;
        next_character(word, end);
        if (vocabulary.unit == Unit::Byte) end = start + 1;
        const std::string_view unit = word.substr(start, end - start);
        start = end;
        const auto piece = ids.find(unit);
        if (piece != ids.end()) {
            if (unknown) symbols.push_back(vocabulary.unknown_id);
            unknown = false;
            symbols.push_back(piece->second);
            continue;
        }
        Ids bytes;
        for (const char byte : unit)
            bytes.push_back(vocabulary.byte_ids.at(static_cast<unsigned char>(byte)));
        if (std::find(bytes.begin(), bytes.end(), -1) == bytes.end()) {
            symbols.insert(symbols.end(), bytes.begin(), bytes.end());
        } else if (vocabulary.unknown_id >= 0) {
            if (unknown && !vocabulary.fuse_unknown) symbols.push_back(vocabulary.unknown_id);
            unknown = true;
        }
    }
    if (unknown) symbols.push_back(vocabulary.unknown_id);
    std::map<std::pair<std::int32_t, std::int32_t>, BytePairMerge> merges;
    for (const BytePairMerge& merge : vocabulary.merges) merges[{merge.left, merge.right}] = merge;
    while (true) {
        std::size_t place = symbols.size();
        for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
            if (merges.contains({symbols[i], symbols[i + 1]}) &&
                (place == symbols.size() ||
                 merges.at({symbols[i], symbols[i + 1]}).rank <
                     merges.at({symbols[place], symbols[place + 1]}).rank))
                place = i;
        if (place == symbols.size()) return symbols;
        symbols[place] = merges.at({symbols[place], symbols[place + 1]}).result;
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    }
}

TEST(BytePairModelTest, EqualsTheDefinitionWithEverySwitch) {
    RandomStream stream(2, Purpose::Test);
    const std::vector<std::string> letters{"a", "b", "\u00E9", "\u4E2D", "\U0001F642"};
    for (int round = 0; round < 400; ++round) {
        std::vector<std::string> pieces{"?"};
        for (const std::string& letter : letters)
            if (stream.below(4) > 0) pieces.push_back(letter);
        std::vector<std::pair<std::string, std::string>> merges;
        for (int i = 0; i < 15 && pieces.size() > 1; ++i) {
            const std::string left = pieces[1 + stream.below(pieces.size() - 1)];
            const std::string right = pieces[1 + stream.below(pieces.size() - 1)];
            if (std::find(pieces.begin(), pieces.end(), left + right) == pieces.end())
                pieces.push_back(left + right);
            merges.emplace_back(left, right);  // several pairs may give one piece
        }
        BytePairVocabulary made =
            vocabulary(pieces, merges, stream.below(4) == 0 ? Unit::Byte : Unit::Character);
        made.unknown_id = stream.below(3) > 0 ? 0 : -1;
        made.fuse_unknown = stream.below(2) == 0;
        made.ignore_merges = stream.below(2) == 0;
        if (stream.below(2) == 0)
            for (std::size_t byte = 0; byte < 256; ++byte)
                if (stream.below(8) > 0)
                    made.byte_ids.at(byte) = 1000 + static_cast<std::int32_t>(byte);
        for (int i = 0; i < 30; ++i) {
            std::string word;
            for (auto length = stream.below(10); length > 0; --length)
                word += stream.below(8) == 0 ? "x" : letters[stream.below(letters.size())];
            ASSERT_EQ(ids_of(made, word), naive_of_characters(made, word)) << word;
        }
    }
}

TEST(BytePairModelTest, IdsAreAppended) {
    const auto made = vocabulary({"a", "b", "ab"}, {{"a", "b"}});
    Ids ids{77};
    const BytePairModel model(made);
    model.append_ids("ab", ids);
    model.append_ids("", ids);
    model.append_ids("ba", ids);
    EXPECT_EQ(ids, (Ids{77, 2, 1, 0}));
}

TEST(BytePairModelTest, WithoutMergesAWordIsItsUnits) {
    EXPECT_EQ(ids_of(vocabulary({"a", "b"}, {}), "abba"), (Ids{0, 1, 1, 0}));
    EXPECT_EQ(ids_of({}, "abc"), Ids{}) << "no piece, no unknown token";
}

TEST(BytePairModelTest, IdsMayBeFarApart) {
    BytePairVocabulary made;
    made.pieces = {{"a", 0}, {"b", 2'000'000'000}, {"ab", 2'147'483'647}};
    made.merges = {{0, 2'000'000'000, 2'147'483'647, 0}};
    EXPECT_EQ(ids_of(made, "abba"), (Ids{2'147'483'647, 2'000'000'000, 0}));
}

}  // namespace
}  // namespace mobi::test
