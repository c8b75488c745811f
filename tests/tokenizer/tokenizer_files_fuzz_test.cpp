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

/// The eight files of the fuzz target, as one input.
std::string joined(const std::array<std::string, 8>& files) {
    std::string all;
    for (const std::string& file : files) all += file + '\0';
    return all;
}

TEST(TokenizerFilesFuzzTest, NoInputBreaksTheReader) {
    const auto read = [](const std::string& file) {
        return read_text_file(source_path("tests/golden") / file);
    };
    std::vector<std::string> seeds;
    for (const char* family : {"gpt2", "opt", "roberta"}) {
        const std::string folder = std::string("byte_pair/") + family + "/";
        seeds.push_back(joined({"", "", read(folder + "vocab.json"), read(folder + "merges.txt"),
                                R"({"add_bos_token": true, "add_prefix_space": true})",
                                R"({"pad_token": {"content": "a", "lstrip": true}})", "",
                                read(folder + "config.json")}));
    }
    seeds.push_back(joined({read("word_piece/bert/tokenizer.json"), "", "", "",
                            R"({"do_lower_case": false, "tokenizer_class": "BertTokenizerFast"})",
                            R"({"mask_token": null, "additional_special_tokens": ["<x>"]})",
                            R"({"<new>": 500, "<x>": 501})", R"({"model_type": "bert"})"}));
    // Small ones, whose every part is changed often.
    seeds.push_back(
        joined({"", "", R"({"a":0,"b":1,"ab":2,"<|endoftext|>":3})", "a b\n",
                R"({"added_tokens_decoder":{"4":{"content":"x","special":true}}})", "", "", ""}));
    seeds.push_back(joined({"", "", R"({"<s>":0,"</s>":1,"<unk>":2,"<pad>":3,"<mask>":4,"a":5})",
                            "#version: 0.2\n", R"({"tokenizer_class":"RobertaTokenizer"})", "",
                            R"({"caf":6})", ""}));
    seeds.push_back(
        joined({"", "[UNK]\n[CLS]\nphone\n", "", "",
                R"({"image_token":"caf","extra_special_tokens":{"a":"b"},"strip_accents":null})",
                R"({"sep_token":"phone","extra_special_tokens":["The"]})", R"({"The":9})", "{}"}));
    seeds.push_back(joined(
        {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":null,"pre_tokenizer":null,
             "post_processor":null,"padding":{"pad_token":"a"},"added_tokens":[{"id":1,"content":"c"}]})",
         "", "", "", R"({"tokenizer_class":"LlamaTokenizer","legacy":true})",
         R"({"add_bos_token":true})", "", R"({"model_type":"llama"})"}));
    constexpr std::array<std::string_view, 14> tokens{
        "null", "\"\"", "{}",    "[]",     "0",    "-1",    "4294967296",
        "\n",   " ",    "\"A\"", "\u0120", "true", "false", "\\u000a"};
    replay_mutations(seeds, tokens, 8000);
}

}  // namespace
}  // namespace mobi::test
