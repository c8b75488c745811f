// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(WordPieceFuzzTest, AnyBytesAreEncoded) {
    std::vector<std::string> seeds;
    for (const char form : {'\0', '\1', '\2', '\3'}) {
        const std::string head = std::string(1, '\x08') + form;
        seeds.push_back(head + "The atheaa [SEP] a.<mask> \u4E2D\u03A3");
        seeds.push_back(head + "e\u0301\u0323 \u1E69 \u200Da\uFFFD " + std::string(120, 'a'));
    }
    constexpr std::array<std::string_view, 8> tokens{
        "[MASK]", " <mask>", "</s>", "\u0301", "\xF0\x9D\x85\xA0", "\xED\xA0\x80", "the", "\t"};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
