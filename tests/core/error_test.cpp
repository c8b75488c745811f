// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"

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

}  // namespace
}  // namespace mobi::test
