// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(TableFuzzTest, NoInputBreaksTheReader) {
    std::vector<std::string> seeds;
    for (const char form : {'\0', '\1', '\2', '\3', '\5', '\11'})
        for (const char* table :
             {"text\tlabel\na b\tx\r\nc\ty\n", "text,label\n\"a, \"\"b\"\"\",x\r\n\"c\nd\",y\n",
              "\xEF\xBB\xBFone\n\n\ncaf\u00E9\n\n", "a,b\n\"\",\"\"\n",
              ",text;label\r0,\"a;\rb\";1.0\r1,b;1\r", "{\"a\": 1}\n"})
            seeds.push_back(form + std::string(table));
    constexpr std::array<std::string_view, 8> tokens{"\"", "\"\"", ",",  "\t",
                                                     ";",  "\r\n", "\n", "\r"};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
