// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(ComputeProfileFuzzTest, NoInputBreaksTheReader) {
    const std::vector<std::string> seeds{
        "precision,flop [GFLOP],launches,time "
        "[ms],source\nfp16,1,2,3,x\nfp16,4,2,9,y\nfp32,1,1,1,z\n",
        "device,precision,layers,width,ffn,heads,tokens,batch,weights [MB],time [s],source\n"
        "a|b,int8,2,8,32,2,7,3,1,0.5,x\na,int8,4,8,32,2,7,3,1,0.9,x\nb,int4,1,8,8,1,1,1,1,1,x\n",
        "# c\nprecision,flop [TFLOP],time [us],source\nbf16,1e3,1,x\nbf16,2,1e9,x\nbf16,3,4,x\n"};
    constexpr std::array<std::string_view, 12> tokens{",",  "\n",   "[", "]",    "1e300", "nan",
                                                      "-1", "fp16", "|", "1e-9", "0",     " "};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
