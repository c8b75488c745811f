// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/text_file.hpp"
#include "support/mutations.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

TEST(TokenizerJsonFuzzTest, NoInputBreaksTheReader) {
    std::vector<std::string> seeds;
    for (const char* folder : {"bert", "mpnet", "cased"})
        seeds.push_back(
            read_text_file(source_path("tests/golden/word_piece") / folder / "tokenizer.json"));
    for (const char* folder : {"roberta", "qwen2", "llama3", "llama", "metaspace"})
        seeds.push_back(
            read_text_file(source_path("tests/golden/byte_pair") / folder / "tokenizer.json"));
    constexpr std::array<std::string_view, 12> tokens{
        "null", "\"\"", "{}", "[]", "0", "-1", "4294967296", "1.5", "true", ",", "\"A\"", "[["};
    replay_mutations(seeds, tokens, 5000);
}

}  // namespace
}  // namespace mobi::test
