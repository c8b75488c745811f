// SPDX-License-Identifier: Apache-2.0
// One test that runs and one that skips: what the mains of tests/support return is compared by
// CTest.
#include <gtest/gtest.h>

namespace {

TEST(SkipProbe, Runs) {
    EXPECT_EQ(1 + 1, 2);
}

TEST(SkipProbe, Skips) {
    GTEST_SKIP() << "always";
}

TEST(SkipProbe, Fails) {
    FAIL() << "always";
}

}  // namespace
