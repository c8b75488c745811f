// SPDX-License-Identifier: Apache-2.0
#include "core/zeroed_array.hpp"

#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(ZeroedArrayTest, BeginsWithZerosAndKeepsWhatIsWritten) {
    ZeroedArray<std::int32_t> array(1'000'003);
    EXPECT_EQ(array.size(), 1'000'003U);
    EXPECT_TRUE(std::all_of(array.begin(), array.end(), [](std::int32_t x) { return x == 0; }));
    array[1'000'002] = 7;
    ZeroedArray<std::int32_t> other(std::move(array));
    EXPECT_EQ(other[1'000'002], 7);
    ZeroedArray<std::int32_t> third;
    third = std::move(other);
    EXPECT_EQ(third[1'000'002], 7);
}

TEST(ZeroedArrayTest, NothingIsAnArrayToo) {
    const ZeroedArray<float> empty(0);
    EXPECT_TRUE(empty.empty());
    EXPECT_EQ(empty.begin(), empty.end());
}

TEST(ZeroedArrayTest, WhatDoesNotFitTheMachineThrows) {
    EXPECT_THROW(ZeroedArray<char>(std::size_t{1} << 62), std::bad_alloc);
}

}  // namespace
}  // namespace mobi::test
