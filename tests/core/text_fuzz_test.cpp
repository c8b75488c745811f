// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/mutations.hpp"

namespace mobi::test {
namespace {

TEST(TextFuzzTest, NoInputBreaksTheFirstLook) {
    const std::vector<std::string> seeds{"text\tlabel\r\na\tx\rb\ty\n",
                                         "\xEF\xBB\xBF caf\u00E9 \u0085\x7f",
                                         std::string("PK\x03\x04", 4) + std::string(22, '\0') +
                                             std::string("\x0a\0\0\0", 4) + "_rels/.rel",
                                         std::string("\xFF\xFEt\0e\0x\0t\0", 10),
                                         std::string("t\0\0\0e\0\0\0x\0\0\0", 12),
                                         "\n <!DOCTYPE html>"};
    constexpr std::array<std::string_view, 6> tokens{"\r\n",       "\n",       "\r",
                                                     "PK\x03\x04", "\xC2\x85", "\xFF\xFE"};
    replay_mutations(seeds, tokens, 20000);
}

}  // namespace
}  // namespace mobi::test
