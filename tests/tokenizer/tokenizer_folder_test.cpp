// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_folder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/text_file.hpp"
#include "support/shared_data.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

TEST(LoadTokenizerTest, AFolderWithoutTokenizerSaysWhatIsRead) {
    const auto complaint_of = [](const std::filesystem::path& folder) {
        try {
            load_tokenizer(folder);
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    const TempFolder folder;
    EXPECT_EQ(complaint_of(folder.path()),
              folder.path().string() +
                  ": holds no tokenizer; tokenizer.json, vocab.json with merges.txt, vocab.txt and "
                  "llama2.c's tokenizer.bin are read");
    folder.write("vocab.json", "{}");
    EXPECT_EQ(complaint_of(folder.path()),
              (folder.path() / "merges.txt").string() +
                  ": no such file; vocab.json and merges.txt, or tokenizer.json, are the "
                  "vocabulary of GPT2Tokenizer");
    EXPECT_EQ(complaint_of("data/cache/backbones/no-such"),
              "data/cache/backbones/no-such: no such folder; data/fetch_backbones.sh fetches it");
}

TEST(LoadTokenizerTest, TokenizerJsonComesFirst) {
    const TempFolder folder;
    folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nA\n");
    EXPECT_EQ(load_tokenizer(folder.path())->encode("a", {}, 0).ids, (Ids{2, 5, 3}));
    folder.write("tokenizer_config.json", R"({"do_lower_case": false})");
    EXPECT_EQ(load_tokenizer(folder.path())->encode("A", {}, 0).ids, (Ids{2, 6, 3}));
    folder.write("tokenizer.json", R"({
        "normalizer": null, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null,
        "model": {"type": "WordPiece", "unk_token": "?", "vocab": {"?": 0, "a": 1}}})");
    EXPECT_EQ(load_tokenizer(folder.path())->encode("a", {}, 0).ids, (Ids{1}));
}

TEST(LoadTokenizerTest, VocabularyAndMergesComeBeforeVocabTxt) {
    const TempFolder folder;
    folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nA\n");
    folder.write("vocab.json", R"({"a": 0, "<|endoftext|>": 1})");
    folder.write("merges.txt", "#version: 0.2\n");
    EXPECT_EQ(load_tokenizer(folder.path())->encode("a", {}, 0).ids, (Ids{0}));
    folder.write("tokenizer_config.json", R"({"add_bos_token": true})");
    EXPECT_EQ(load_tokenizer(folder.path())->encode("a", {}, 0).ids, (Ids{1, 0}));
    folder.write("special_tokens_map.json", R"({"bos_token": "a"})");
    EXPECT_EQ(load_tokenizer(folder.path())->encode("", {}, 0).ids, (Ids{0}));
    folder.write("config.json", R"({"model_type": "roberta"})");
    EXPECT_EQ(load_tokenizer(folder.path())->encode("a", {}, 0).ids, (Ids{5, 0, 2}))
        << "</s>, <unk>, <pad>, <s> and <mask> are no pieces and get the next ids";
}

TEST(LoadTokenizerTest, TheVocabularyOfLlama2cMayBeNamedByItsSize) {
    const TempFolder folder;
    const std::string bytes =
        read_text_file(source_path("tests/golden/byte_pair/llama2c/tokenizer.bin"));
    folder.write("tok512.bin", bytes);
    folder.write("tokens.bin", "something else");
    const std::int32_t vocabulary = load_tokenizer(folder.path())->vocabulary();
    EXPECT_GT(vocabulary, 259);
    folder.write("tok32.bin", bytes);
    try {
        load_tokenizer(folder.path());
        FAIL();
    } catch (const DataError& error) {
        EXPECT_EQ(error.what(), folder.path().string() +
                                    ": holds several tok*.bin; name the one to read tokenizer.bin");
    }
    folder.write("tokenizer.bin", bytes);
    EXPECT_EQ(load_tokenizer(folder.path())->vocabulary(), vocabulary);
}

}  // namespace
}  // namespace mobi::test
