// SPDX-License-Identifier: Apache-2.0
#include "core/thread_priority.hpp"

#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <sched.h>

namespace mobi::test {
namespace {

/// Whether each was permitted, and the policy of the thread after it.
std::pair<bool, int> after(ThreadPriority first, ThreadPriority second) {
    std::pair<bool, int> result;
    std::jthread([&] {
        set_thread_priority(first);
        result.first = set_thread_priority(second);
        result.second = sched_getscheduler(0);
    }).join();
    return result;
}

TEST(ThreadPriorityTest, TheAnswerSaysWhetherThePolicyHolds) {
    using enum ThreadPriority;
    EXPECT_EQ(after(Usual, Background), std::pair(true, SCHED_IDLE));  // anybody may give way
    EXPECT_EQ(after(Usual, Usual), std::pair(true, SCHED_OTHER));
    const auto punctual = after(Usual, Punctual);
    EXPECT_EQ(punctual.second, punctual.first ? SCHED_RR : SCHED_OTHER);
    if (punctual.first) {
        EXPECT_EQ(after(Punctual, Usual), std::pair(true, SCHED_OTHER));
        EXPECT_EQ(after(Punctual, Background), std::pair(true, SCHED_IDLE));
    }
}

TEST(ThreadPriorityTest, OtherThreadsKeepTheirs) {
    const int before = sched_getscheduler(0);
    after(ThreadPriority::Usual, ThreadPriority::Background);
    EXPECT_EQ(sched_getscheduler(0), before);
}

}  // namespace
}  // namespace mobi::test
