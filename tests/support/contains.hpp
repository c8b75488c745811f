// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace mobi::test {

/// For `EXPECT_TRUE(contains(text, part))`, which prints both.
inline ::testing::AssertionResult contains(std::string_view text, std::string_view part) {
    if (text.find(part) != std::string_view::npos)
        return ::testing::AssertionSuccess() << "'" << text << "' contains '" << part << "'";
    return ::testing::AssertionFailure() << "'" << text << "' does not contain '" << part << "'";
}

}  // namespace mobi::test
