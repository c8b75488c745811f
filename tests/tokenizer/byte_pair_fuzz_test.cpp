// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(BytePairFuzzTest, AnyBytesAreEncodedAndDecoded) {
    std::vector<std::string> seeds;
    for (const char splitter : {'\0', '\1', '\2', '\3'}) {
        seeds.push_back(splitter +
                        std::string("The phone's the\r\n  the 12345 \u4E2D\u00E9 it'LL!\n\n"));
        seeds.push_back(splitter + std::string("e\u0301 \u00A0\u3000 \u200Da\uFFFD ") +
                        std::string(120, 'a'));
    }
    constexpr std::array<std::string_view, 8> tokens{
        "'re", "  ", "\r\n", "\u0301", "\xF0\x9D\x85\xA0", "\xED\xA0\x80", " the", "\u00BD"};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
