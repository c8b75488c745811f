// SPDX-License-Identifier: Apache-2.0
#include "wire/pivot.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

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
