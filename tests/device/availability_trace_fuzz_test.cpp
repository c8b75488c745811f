// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(AvailabilityTraceFuzzTest, NoInputBreaksTheReader) {
    std::vector<std::string> seeds;
    for (char period = 0; period < 8; ++period)
        for (const char* text :
             {"device,on_s,off_s\n0,1,2\n1,0,3\n1,3,4\n", "0,0,1\n", "3,0,1e-9\n0,1e-9,2e-9\n",
              "# touch across the period\n0,0,2\n0,3,10\n", "0,0,86400\r\n1,7,86400\r\n"})
            seeds.push_back(period + std::string(text));
    constexpr std::array<std::string_view, 10> tokens{"\n", ",",   " ",       "1e300", "-1",
                                                      "0",  "nan", "9999999", "1e-9",  "device"};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
