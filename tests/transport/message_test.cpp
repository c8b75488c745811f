// SPDX-License-Identifier: Apache-2.0
#include "transport/message.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "transport/tag.hpp"

namespace mobi::test {
namespace {

TEST(MessageTest, TheEnvelopeMayBeAnyRankAndTag) {
    EXPECT_NO_THROW(internal::check_envelope(0, 1, 0, 0));
    EXPECT_NO_THROW(internal::check_envelope(4, 5, kMaxTag, kMaxMessageBytes));
}

TEST(MessageTest, AnotherRankOrTagIsABug) {
    EXPECT_THROW(internal::check_envelope(-1, 2, 0, 0), Bug);
    EXPECT_THROW(internal::check_envelope(2, 2, 0, 0), Bug);
    EXPECT_THROW(internal::check_envelope(0, 2, -1, 0), Bug);
    EXPECT_THROW(internal::check_envelope(0, 2, kMaxTag + 1, 0), Bug);
}

TEST(MessageTest, AMessageBeyondAnIntIsRefusedWithItsSize) {
    try {
        internal::check_envelope(1, 2, 3, std::size_t{1} << 31);
        FAIL();
    } catch (const TransportError& error) {
        EXPECT_STREQ(error.what(),
                     "message to rank 1 with tag 3: 2147483648 bytes, at most 2147483647 fit one "
                     "message");
    }
}

}  // namespace
}  // namespace mobi::test
