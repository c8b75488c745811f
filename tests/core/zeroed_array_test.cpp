// SPDX-License-Identifier: Apache-2.0
#include "core/zeroed_array.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include <gtest/gtest.h>

#include "core/process_usage.hpp"

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

TEST(ZeroedArrayTest, ASizeWhoseBytesOverflowThrows) {
    // 2^62 + 1 numbers of 4 bytes are 4 bytes more than all that can be counted
    EXPECT_THROW(ZeroedArray<std::int32_t>((std::size_t{1} << 62U) + 1), std::bad_alloc);
    EXPECT_THROW(ZeroedArray<std::int32_t>(std::size_t{1} << 62U), std::bad_alloc);
}

TEST(ZeroedArrayTest, AMovedOneLeavesNothingBehind) {
    ZeroedArray<int> array(10);
    const int* const first = array.data();
    const ZeroedArray<int> other(std::move(array));
    EXPECT_EQ(other.data(), first);
    EXPECT_EQ(array.size(), 0U);  // NOLINT(bugprone-use-after-move): that is the test
    EXPECT_EQ(array.data(), nullptr);
}

TEST(ZeroedArrayTest, MemoryIsTakenWhereItIsWrittenOnly) {
    ZeroedArray<char> array(std::size_t{1} << 32U);
    array[std::size_t{1} << 31U] = 1;
    EXPECT_EQ(array[(std::size_t{1} << 32U) - 1], 0);
    EXPECT_LT(process_usage().peak_rss_bytes, std::int64_t{1} << 30U);
}

}  // namespace
}  // namespace mobi::test
