// SPDX-License-Identifier: Apache-2.0
#include "transport/tag.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

namespace mobi::test {
namespace {

static_assert(is_tag(0) && is_tag(kMaxTag));
static_assert(!is_tag(-1) && !is_tag(kMaxTag + 1));

TEST(TagTest, EveryTagIsOneOfThisMpi) {
    const int* most = nullptr;
    int found = 0;
    ASSERT_EQ(MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &most, &found), MPI_SUCCESS);
    ASSERT_NE(found, 0);
    EXPECT_LE(kMaxTag, *most);
}

}  // namespace
}  // namespace mobi::test
