// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

namespace mobi::test {

/// What a test program returns when it ran nothing: CTest then calls it Skipped, not Passed
/// (SKIP_RETURN_CODE in mobi_test()).
inline constexpr int kAllSkipped = 77;

/// `status` of RUN_ALL_TESTS(), or kAllSkipped when every test of this process skipped.
inline int status_or_skipped(int status) {
    const ::testing::UnitTest& tests = *::testing::UnitTest::GetInstance();
    const bool all =
        tests.skipped_test_count() > 0 && tests.skipped_test_count() == tests.test_to_run_count();
    return status == 0 && all ? kAllSkipped : status;
}

}  // namespace mobi::test
