// SPDX-License-Identifier: Apache-2.0
#include "activation/pivot.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

TEST(PivotTest, AutoIsWhatTheFolderSays) {
    for (const Pivot folder : {Pivot::First, Pivot::Last, Pivot::Mean})
        EXPECT_EQ(resolve_pivot(Pivot::Auto, folder), folder);
}

TEST(PivotTest, WhatIsAskedForWins) {
    for (const Pivot asked : {Pivot::First, Pivot::Last, Pivot::Mean})
        for (const Pivot folder : {Pivot::First, Pivot::Last, Pivot::Mean})
            EXPECT_EQ(resolve_pivot(asked, folder), asked);
}

TEST(PivotTest, AFolderWithoutAnAnswerIsABug) {
    EXPECT_THROW(resolve_pivot(Pivot::Auto, Pivot::Auto), Bug);
    EXPECT_THROW(resolve_pivot(Pivot::First, Pivot::Auto), Bug);
}

TEST(PivotTest, PositionsCountRealTokens) {
    EXPECT_EQ(pivot_position(Pivot::First, 17), 0);
    EXPECT_EQ(pivot_position(Pivot::Last, 17), 16);
    EXPECT_EQ(pivot_position(Pivot::Last, 1), 0);
}

TEST(PivotTest, AMeanHasNoPosition) {
    EXPECT_THROW(pivot_position(Pivot::Mean, 17), Bug);
    EXPECT_THROW(pivot_position(Pivot::Auto, 17), Bug);
    EXPECT_THROW(pivot_position(Pivot::First, 0), Bug);
}

}  // namespace
}  // namespace mobi::test
