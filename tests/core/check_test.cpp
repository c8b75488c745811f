// SPDX-License-Identifier: Apache-2.0
#include "core/check.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/contains.hpp"

namespace mobi::test {
namespace {

TEST(CheckTest, ABugIsToldWithItsPlaceTextAndCondition) {
    const int taps = 3;
    try {
        MOBI_CHECK(taps == 4, "{} taps of {}", taps, "tiny");
        FAIL() << "passed";
    } catch (const Bug& bug) {
        EXPECT_TRUE(contains(bug.what(), "check_test.cpp:"));
        EXPECT_TRUE(std::string(bug.what()).ends_with(": 3 taps of tiny (taps == 4)"))
            << bug.what();
    }
}

TEST(CheckTest, WhatHoldsIsAskedOnceAndItsTextIsNotMade) {
    int asked = 0;
    int told = 0;
    MOBI_CHECK(++asked > 0, "{}", ++told);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(told, 0);
}

TEST(CheckTest, IsOneStatement) {
    bool otherwise = false;
    if (otherwise)
        MOBI_CHECK(false, "not reached");
    else
        otherwise = true;
    EXPECT_TRUE(otherwise);
}

}  // namespace
}  // namespace mobi::test
