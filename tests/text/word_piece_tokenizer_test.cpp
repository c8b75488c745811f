// SPDX-License-Identifier: Apache-2.0
#include "text/word_piece_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "core/text_file.hpp"
#include "support/shared_data.hpp"
#include "support/tokenizer_files.hpp"
#include "text/random_text.hpp"
#include "tokenizer/token_check.hpp"
#include "tokenizer/tokenizer_folder.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

class WordPieceGoldenTest : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        folder_ = source_path("tests/golden/word_piece") / GetParam();
        cases_ = read_token_cases(folder_ / "cases.jsonl");
        ASSERT_GT(cases_.size(), 40U);
        for (TokenCase& test : cases_)  // a case without ids_max16: cutting changes nothing
            if (!test.ids_max16) test.ids_max16 = test.ids;
    }

    std::filesystem::path folder_;
    std::vector<TokenCase> cases_;
};

TEST_P(WordPieceGoldenTest, EqualsTheTokenizersLibraryFromTokenizerJson) {
    const TokenCheck check = check_tokens(*load_tokenizer(folder_), cases_);
    EXPECT_TRUE(check.passed()) << check.summary();
}

TEST_P(WordPieceGoldenTest, EqualsTheTokenizersLibraryFromVocabTxt) {
    TokenizerFiles files = absent_files();
    files.vocab_txt.text = read_text_file(folder_ / "vocab.txt");
    files.tokenizer_config.text = read_text_file(folder_ / "tokenizer_config.json");
    // Beside vocab.txt, MPNet's <unk> is text unless a file says that it is a token.
    if (folder_.filename() == "mpnet") files.added_tokens.text = R"({"<unk>": 3})";
    const TokenCheck check = check_tokens(*make_tokenizer(files), cases_);
    EXPECT_TRUE(check.passed()) << check.summary();
}

TEST_P(WordPieceGoldenTest, AnyBytesGiveIdsOfTheVocabularyWithinTheLimit) {
    const auto tokenizer = load_tokenizer(folder_);
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 3000; ++round) {
        const std::string text = random_text(stream, stream.below(40));
        const std::string other = random_text(stream, stream.below(40));
        const auto pair = round % 2 == 0 ? std::nullopt : std::optional<std::string_view>(other);
        const Encoding whole = tokenizer->encode(text, pair, 0);
        ASSERT_EQ(whole.ids.size(), whole.type_ids.size());
        for (const std::int32_t id : whole.ids) {
            ASSERT_GE(id, 0);
            ASSERT_LT(id, tokenizer->vocabulary());
        }
        const std::size_t limit = 5 + stream.below(60);
        const Encoding cut = tokenizer->encode(text, pair, limit);
        ASSERT_EQ(cut.ids.size(), std::min(limit, whole.ids.size()));
        if (whole.ids.size() <= limit) {
            ASSERT_EQ(cut.ids, whole.ids);
        } else if (!pair) {
            ASSERT_TRUE(std::equal(cut.ids.begin(), cut.ids.end() - 1, whole.ids.begin()));
            ASSERT_EQ(cut.ids.back(), whole.ids.back());
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Folders, WordPieceGoldenTest, ::testing::Values("bert", "mpnet", "cased"));

TEST(WordPieceTokenizerTest, MpnetsUnkIsATokenOnlyWhereAFileSaysSo) {
    TokenizerFiles files = absent_files();
    files.vocab_txt.text =
        read_text_file(source_path("tests/golden/word_piece/mpnet") / "vocab.txt");
    EXPECT_EQ(make_tokenizer(files)->encode("a <unk>", {}, 0).ids, (Ids{0, 9, 108, 69, 45, 109, 2}))
        << "<, un, ##k and >, as AutoTokenizer of transformers 5 has it";
    files.tokenizer_config.text = R"({"tokenizer_class": "MPNetTokenizer", "added_tokens_decoder":
        {"3": {"content": "<unk>", "normalized": true, "special": true}}})";
    EXPECT_EQ(make_tokenizer(files)->encode("a <unk>", {}, 0).ids, (Ids{0, 9, 3, 2}));
}

// [CLS] 0, [SEP] 1, [UNK] 2, then the pieces from 3 on.
std::unique_ptr<Tokenizer> tiny(const std::vector<std::string>& pieces) {
    std::string vocabulary = "[CLS]\n[SEP]\n[UNK]\n";
    for (const std::string& piece : pieces) vocabulary += piece + "\n";
    vocabulary += "[PAD]\n[MASK]\n";
    return tokenizer_of_vocab_txt(vocabulary);
}

TEST(WordPieceTokenizerTest, TakesTheLongestPieceAndGivesUpOnTheWholeWord) {
    const auto tokenizer = tiny({"tap", "ta", "##p", "##ped"});
    EXPECT_EQ(tokenizer->encode("tap tapped ta", {}, 0).ids, (Ids{0, 3, 3, 6, 4, 1}));
    EXPECT_EQ(tokenizer->encode("tapz", {}, 0).ids, (Ids{0, 2, 1})) << "no half words";
    EXPECT_EQ(tokenizer->encode("tap z", {}, 0).ids, (Ids{0, 3, 2, 1}));
}

TEST(WordPieceTokenizerTest, TheSecondTextHasTypeOne) {
    const Encoding encoding = tiny({"a", "b"})->encode("a", "b b", 0);
    EXPECT_EQ(encoding.ids, (Ids{0, 3, 1, 4, 4, 1}));
    EXPECT_EQ(encoding.type_ids, (Ids{0, 0, 0, 1, 1, 1}));
}

TEST(WordPieceTokenizerTest, CutsTheLongerTextOfAPairFirst) {
    const auto tokenizer = tiny({"a", "b"});
    EXPECT_EQ(tokenizer->encode("a", "b b b b", 6).ids, (Ids{0, 3, 1, 4, 4, 1}));
    EXPECT_EQ(tokenizer->encode("a a a", "b", 6).ids, (Ids{0, 3, 3, 1, 4, 1}));
    EXPECT_EQ(tokenizer->encode("a a a", "b b", 6).ids, (Ids{0, 3, 3, 1, 4, 1}))
        << "the odd one goes to the longer text";
    EXPECT_EQ(tokenizer->encode("a a a", "b b b", 6).ids, (Ids{0, 3, 1, 4, 4, 1}));
}

TEST(WordPieceTokenizerTest, ALimitWithoutRoomIsAnErrorThatNamesTheKey) {
    const auto tokenizer = tiny({"a"});
    EXPECT_EQ(tokenizer->encode("a a", {}, 3).ids, (Ids{0, 3, 1}));
    try {
        tokenizer->encode("a", "a", 3);
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_STREQ(error.what(),
                     "3 tokens at most leave no room beside 3 special tokens; data.max_tokens = 4 "
                     "or more");
    }
}

TEST(WordPieceTokenizerTest, BytesThatAreNotUtf8AreDropped) {
    const auto tokenizer = tiny({"ab"});
    const Ids ids{0, 3, 1};
    EXPECT_EQ(tokenizer->encode("a\xFF\x62", {}, 0).ids, ids);
    EXPECT_EQ(tokenizer->encode("ab \xE2\x82", {}, 0).ids, ids);
    EXPECT_EQ(tokenizer->encode("\xED\xA0\x80\x61\x62", {}, 0).ids, ids);
}

TEST(WordPieceTokenizerTest, DecodingJoinsPiecesAndWords) {
    const auto tokenizer = tiny({"tap", "ta", "##p", "##ped", "."});
    const Ids ids = tokenizer->encode("tap tapped.", {}, 0).ids;
    EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Keep), "[CLS] tap tapped . [SEP]");
    EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Drop), "tap tapped .");
    EXPECT_EQ(tokenizer->decode(Ids{5, 6}, SpecialTokens::Keep), "##pped")
        << "a first piece stays as it is";
    EXPECT_EQ(tokenizer->decode(Ids{3, 9999, -1, 4}, SpecialTokens::Keep), "tap ta")
        << "ids without a piece";
    EXPECT_EQ(tokenizer->decode({}, SpecialTokens::Keep), "");
}

TEST(PieceTableTest, FindsTheLongestOfManyPieces) {
    PieceTable table(3000);
    std::vector<std::string> pieces;
    for (int i = 0; i < 3000; ++i) pieces.push_back("p" + std::to_string(i * 7919 % 100003));
    for (std::size_t i = 0; i < pieces.size(); ++i)
        table.add(pieces[i], static_cast<std::int32_t>(i));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto match = table.longest_prefix(pieces[i] + "x");
        ASSERT_EQ(match.bytes, pieces[i].size());
        ASSERT_EQ(match.id, static_cast<std::int32_t>(i));
    }
    EXPECT_EQ(table.longest_prefix("q1").bytes, 0U);
    EXPECT_EQ(table.longest_prefix("").bytes, 0U);
}

TEST(PieceTableTest, HoldsPiecesOfAnyLengthAndTheLastIdOfEqualOnes) {
    PieceTable table(2);
    const std::string longest(1000, 'a');
    table.add(longest, 1);
    table.add(longest, 2);
    table.add("", 3);
    EXPECT_EQ(table.longest_prefix(longest + "b").id, 2);
    EXPECT_EQ(table.longest_prefix(std::string(999, 'a')).bytes, 0U);
}

std::string cleaned(BertTextOptions options, std::string_view text) {
    std::string out;
    BertText(options).append(text, out);
    return out;
}

TEST(BertTextTest, RunsOfAnyLengthAreCleanedAlike) {
    std::string many;
    for (int i = 0; i < 600000; ++i) many += "\u00C9";
    EXPECT_EQ(cleaned({true, true, true, true}, many), std::string(600000, 'e'));
}

TEST(BertTextTest, SwitchesWorkAlone) {
    const std::string_view text = "\u00C9\t\x01\x41\u4E2D\u0130";  // É tab ^A A 中 İ
    EXPECT_EQ(cleaned({false, false, false, false}, text), text);
    EXPECT_EQ(cleaned({true, false, false, false}, text), "\u00C9 A\u4E2D\u0130");
    EXPECT_EQ(cleaned({false, true, false, false}, text), "\u00C9\t\x01\x41 \u4E2D \u0130");
    EXPECT_EQ(cleaned({false, false, true, false}, text), "E\t\x01\x41\u4E2DI");
    EXPECT_EQ(cleaned({false, false, false, true}, text), "\u00E9\t\x01\x61\u4E2Di\u0307");
    EXPECT_EQ(cleaned({false, false, false, false}, std::string_view("a\0b\xFF", 4)),
              std::string_view("a\0b\xEF\xBF\xBD", 6));
}

TEST(WordSplitterTest, PunctuationIsAWordOfItsOwn) {
    WordSplitter words(" a-b\u2014c  \u00A0d. ");
    std::vector<std::string_view> all;
    for (auto word = words.next(); !word.empty(); word = words.next()) all.push_back(word);
    EXPECT_EQ(all, (std::vector<std::string_view>{"a", "-", "b", "\u2014", "c", "d", "."}));
    EXPECT_TRUE(words.next().empty());
}

/// Greedily the longest piece, by trying every length.
Ids naive_ids(const WordPieceSpec& spec, const std::string& word) {
    std::map<std::string, std::int32_t> pieces;
    for (const auto& [piece, id] : spec.pieces) pieces[piece] = id;
    Ids ids;
    std::size_t characters = 0;
    for (const char byte : word) characters += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    if (characters > spec.longest_word) return {spec.unknown_id};
    for (std::size_t start = 0; start < word.size();) {
        std::size_t length = word.size() - start;
        const std::string mark = start == 0 ? "" : spec.continuation;
        while (length > 0 && !pieces.contains(mark + word.substr(start, length))) --length;
        if (length == 0) return {spec.unknown_id};
        ids.push_back(pieces.at(mark + word.substr(start, length)));
        start += length;
    }
    return ids;
}

TEST(WordPieceTokenizerTest, EqualsTheDefinitionOnRandomVocabularies) {
    RandomStream stream(2, Purpose::Test);
    const std::array<std::string, 4> letters{"a", "b", "c", "\u4E2D"};
    const auto draw = [&](std::size_t most) {
        std::string text;
        for (auto length = 1 + stream.below(most); length > 0; --length)
            text += letters[stream.below(letters.size())];
        return text;
    };
    for (int round = 0; round < 300; ++round) {
        WordPieceSpec spec;
        spec.text = {false, false, false, false};
        spec.continuation = std::array{"##", "@", "a"}[stream.below(3)];
        spec.unknown_id = 500;
        spec.longest_word = 3 + stream.below(10);
        for (std::int32_t id = 0; id < 30; ++id)
            spec.pieces.emplace_back((stream.below(2) == 0 ? spec.continuation : "") + draw(3), id);
        const WordPieceTokenizer tokenizer(spec);
        for (int i = 0; i < 20; ++i) {
            Ids expected;
            std::string text;
            for (auto count = stream.below(4); count > 0; --count) {
                const std::string word = draw(8);
                text += " " + word;
                const Ids ids = naive_ids(spec, word);
                expected.insert(expected.end(), ids.begin(), ids.end());
            }
            ASSERT_EQ(tokenizer.encode_bare(text), expected) << text;
            const std::size_t limit = 1 + stream.below(6);
            Ids cut = expected;
            cut.resize(std::min(cut.size(), limit));
            ASSERT_EQ(tokenizer.encode(text, {}, limit).ids, cut) << "no special tokens";
        }
    }
}

TEST(WordPieceTokenizerTest, AWordIsTooLongInCharactersNotInBytes) {
    WordPieceSpec spec;
    spec.text = {false, false, false, false};
    spec.pieces = {{"\u00E9", 0}, {"##\u00E9", 1}};
    spec.unknown_id = 9;
    spec.longest_word = 3;
    const WordPieceTokenizer tokenizer(spec);
    EXPECT_EQ(tokenizer.encode_bare("\u00E9\u00E9\u00E9"), (Ids{0, 1, 1}));
    EXPECT_EQ(tokenizer.encode_bare("\u00E9\u00E9\u00E9\u00E9 \u00E9"), (Ids{9, 0}));
}

TEST(WordPieceTokenizerTest, TheVocabularyIsAsLargeAsItsLargestId) {
    WordPieceSpec spec;
    spec.pieces = {{"a", 5}};
    EXPECT_EQ(WordPieceTokenizer(spec).vocabulary(), 6);
    spec.unknown_id = 7;
    EXPECT_EQ(WordPieceTokenizer(spec).vocabulary(), 8);
    spec.frame = SequenceTemplate::bert(9, 8);
    EXPECT_EQ(WordPieceTokenizer(spec).vocabulary(), 10);
    AddedToken token;
    token.id = 20;
    token.content = "[X]";
    spec.added = {token};
    EXPECT_EQ(WordPieceTokenizer(spec).vocabulary(), 21);
}

TEST(WordPieceTokenizerTest, AddedTokensCutWords) {
    WordPieceSpec spec;
    spec.pieces = {{"a", 0}, {"b", 1}, {"##b", 2}};
    spec.unknown_id = 3;
    AddedToken raw;
    raw.id = 4;
    raw.content = "[X]";
    AddedToken clean = raw;
    clean.id = 5;
    clean.content = "\u00C9";  // e, once it is clean
    clean.normalized = true;
    clean.special = false;
    spec.added = {raw, clean};
    const WordPieceTokenizer tokenizer(spec);
    const Ids ids = tokenizer.encode_bare("ab[X]bE[x]");
    EXPECT_EQ(Ids(ids.begin(), ids.begin() + 5), (Ids{0, 2, 4, 1, 5}));
    EXPECT_EQ(tokenizer.decode(Ids{0, 2, 4, 5}, SpecialTokens::Keep), "ab [X] \u00C9");
    EXPECT_EQ(tokenizer.decode(Ids{0, 2, 4, 5}, SpecialTokens::Drop), "ab \u00C9");
}

}  // namespace
}  // namespace mobi::test
