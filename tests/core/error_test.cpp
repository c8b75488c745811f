// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(ErrorTest, EachKindHasItsExitCode) {
    EXPECT_EQ(ConfigError("x").exit_code(), 2);
    EXPECT_EQ(DataError("x").exit_code(), 3);
    EXPECT_EQ(TransportError("x").exit_code(), 4);
    EXPECT_EQ(RecordError("x").exit_code(), 5);
    EXPECT_EQ(Bug("x").exit_code(), 70);
}

TEST(ProtocolErrorTest, NamesRankTagExpectedAndGot) {
    const ProtocolError error(3, 7, "12 taps", "11 taps");
    EXPECT_STREQ(error.what(), "message from rank 3 with tag 7: expected 12 taps, got 11 taps");
    EXPECT_EQ(error.exit_code(), 4);
}

TEST(ErrorTest, EveryKindIsCaughtAsAnErrorWithItsText) {
    const auto caught = [](auto error) {
        try {
            throw error;
        } catch (const Error& base) {
            return std::pair(std::string(base.what()), base.exit_code());
        }
    };
    EXPECT_EQ(caught(ConfigError("a")), std::pair(std::string("a"), 2));
    EXPECT_EQ(caught(RecordError("b")), std::pair(std::string("b"), 5));
    EXPECT_EQ(caught(Bug("c")), std::pair(std::string("c"), 70));
    EXPECT_THROW(throw ProtocolError(1, 2, "x", "y"), TransportError);
}

}  // namespace
}  // namespace mobi::test
