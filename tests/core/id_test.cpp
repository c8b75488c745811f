// SPDX-License-Identifier: Apache-2.0
#include "core/id.hpp"

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

template <typename A, typename B>
concept Comparable = requires(A a, B b) {
    a == b;
};
template <typename A>
concept Addable = requires(A a) {
    a + a;
};
static_assert(Comparable<DeviceId, DeviceId>);
static_assert(!Comparable<DeviceId, SampleId>);
static_assert(!Comparable<DeviceId, int>);
static_assert(!std::convertible_to<int, DeviceId>);
static_assert(!std::convertible_to<DeviceId, int>);
static_assert(!std::constructible_from<SampleId, DeviceId>);
static_assert(!Addable<DeviceId>);
static_assert(std::is_trivially_copyable_v<TaskId> && sizeof(TaskId) == sizeof(std::int64_t));

TEST(IdTest, IsNoneAtFirstAndOrderedByNumber) {
    EXPECT_EQ(TaskId().value(), -1);
    EXPECT_LT(TaskId(), TaskId(0));
    EXPECT_EQ(DeviceId(7).index(), 7U);
    std::vector<TaskId> ids{TaskId(3), TaskId(), TaskId(1)};
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector<TaskId>{TaskId(), TaskId(1), TaskId(3)}));
}

}  // namespace
}  // namespace mobi::test
