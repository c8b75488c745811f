// SPDX-License-Identifier: Apache-2.0
#include "messages/tags.hpp"

#include <set>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(WorkerTagTest, NoTwoMessagesShareATag) {
    const std::set<int> tags{kTagRequest, kTagPacket,  kTagDone,    kTagStop,  kTagReport,
                             kTagClock,   kTagPace,    kTagSegment, kTagPaced, kTagPackets,
                             kTagResult,  kTagContent, kTagForget};
    EXPECT_EQ(tags.size(), 13U);
}

}  // namespace
}  // namespace mobi::test
