// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(DeviceTableFuzzTest, NoInputBreaksTheReader) {
    const std::vector<std::string> seeds{
        "rate_fp16 [GFLOP/s],memory [GB],loss\n40,4,0.1\n25,8,0\n",
        "time_per_sample [ms],uplink [kB/s],downlink [kB/s]\n1,2,3\n",
        "# x\nthermal_stretch\n1.5\n"};
    constexpr std::array<std::string_view, 9> tokens{",",   "\n", "[",    "]", "1e300",
                                                     "nan", "-1", "loss", " "};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
