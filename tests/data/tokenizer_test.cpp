// SPDX-License-Identifier: Apache-2.0
#include "data/tokenizer.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "data/temp_folder.hpp"

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
                  ": holds neither tokenizer.json nor vocab.txt; a Hugging Face folder with one of "
                  "tokenizer.json (WordPiece) and vocab.txt is read");
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

}  // namespace
}  // namespace mobi::test
