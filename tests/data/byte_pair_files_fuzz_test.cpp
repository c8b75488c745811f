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

TEST(BytePairFilesFuzzTest, NoInputBreaksTheReader) {
    std::vector<std::string> seeds;
    for (const char* folder : {"gpt2", "opt", "roberta"}) {
        const auto read = [&](const char* file) {
            return read_text_file(source_path("tests/golden/byte_pair") / folder / file);
        };
        seeds.push_back(read("vocab.json") + '\0' + read("merges.txt") + '\0' +
                        R"({"add_bos_token": true, "add_prefix_space": true})" + '\0' +
                        R"({"pad_token": {"content": "a", "lstrip": true}})" + '\0' +
                        read("config.json"));
    }
    // Small ones, whose every part is changed often.
    seeds.push_back(std::string(R"({"a":0,"b":1,"ab":2,"<|endoftext|>":3})") + '\0' + "a b\n" +
                    '\0' + R"({"added_tokens_decoder":{"4":{"content":"x","special":true}}})");
    seeds.push_back(std::string(R"({"<s>":0,"</s>":1,"<unk>":2,"<pad>":3,"<mask>":4,"a":5})") +
                    '\0' + "#version: 0.2\n" + '\0' + R"({"tokenizer_class":"RobertaTokenizer"})");
    constexpr std::array<std::string_view, 12> tokens{
        "null", "\"\"", "{}", "[]", "0", "-1", "4294967296", "\n", " ", ",", "\"A\"", "\u0120"};
    replay_mutations(seeds, tokens, 5000);
}

}  // namespace
}  // namespace mobi::test
