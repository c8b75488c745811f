// SPDX-License-Identifier: Apache-2.0
#include "method/versions.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

TEST(VersionsTest, KeepWhatMayStillBeAskedFor) {
    Versions versions;
    for (std::size_t size = 1; size <= 4; ++size) versions.add(Bytes(size));
    EXPECT_EQ(versions.at(1).bytes->size(), 2U);
    EXPECT_EQ(versions.at(1).id, 1);
    EXPECT_EQ(versions.at(3).bytes->size(), 4U);
    EXPECT_THROW(versions.at(2), Bug);
    EXPECT_THROW(versions.at(4), Bug);
}

TEST(VersionsTest, AContentOutlivesItsVersion) {
    Versions versions;
    versions.add(Bytes(7));
    const Content content = versions.at(0);
    versions.add(Bytes(8));
    versions.at(1);
    EXPECT_EQ(content.bytes->size(), 7U);
}

}  // namespace
}  // namespace mobi::test
