// SPDX-License-Identifier: Apache-2.0
#include "core/build_info.hpp"

#include <regex>
#include <string>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(BuildInfoTest, NamesAVersionAndACommit) {
    EXPECT_TRUE(
        std::regex_match(std::string(program_version()), std::regex("[0-9]+\\.[0-9]+\\.[0-9]+")));
    EXPECT_TRUE(std::regex_match(std::string(git_commit()), std::regex("[0-9a-f]{12,}|unknown")));
}

}  // namespace
}  // namespace mobi::test
