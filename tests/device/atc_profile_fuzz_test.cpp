// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(AtcProfileFuzzTest, NoInputBreaksTheReader) {
    const std::vector<std::string> seeds{
        R"({"content":{"up":{"rate":"420","delay":{"delay":"100","jitter":0},"loss":{"percentage":"1"}},)"
        R"("down":{"rate":850}}})"};
    constexpr std::array<std::string_view, 8> tokens{"null", "[",     "{",  "}",
                                                     "\"",   "1e300", "-1", "[[[[[[[["};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
