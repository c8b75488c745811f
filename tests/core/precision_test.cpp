// SPDX-License-Identifier: Apache-2.0
#include "core/precision.hpp"

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(PrecisionTest, ANumberHasTheBytesOfItsName) {
    EXPECT_EQ(bytes_per_number(Precision::Fp32), 32 / 8);
    EXPECT_EQ(bytes_per_number(Precision::Fp16), 16 / 8);
    EXPECT_EQ(bytes_per_number(Precision::Bf16), 16 / 8);
    EXPECT_EQ(bytes_per_number(Precision::Int8), 8 / 8);
    EXPECT_EQ(bytes_per_number(Precision::Int4), 4 / 8.0);
}

}  // namespace
}  // namespace mobi::test
