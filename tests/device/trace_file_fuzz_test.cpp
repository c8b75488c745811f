// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(TraceFileFuzzTest, NoInputBreaksTheReader) {
    std::vector<std::string> seeds;
    for (const char end : {'\0', '\1'})
        for (const char* text : {"0\n0\n1\n7\n7\n7\n", "1.0\t91.0\n2.0\t0\n3.5\t1e2\n",
                                 "0 45\n1 45\n1 4\n", "# a comment\r\n0.549999952316\t4.79\r\n"})
            seeds.push_back(end + std::string(text));
    constexpr std::array<std::string_view, 9> tokens{"\n", "\t", " ",   "1e300",           "-1",
                                                     ".",  "0",  "nan", "9007199254740993"};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
