// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace mobi::test {

/// The folder of reference data that lies beside the project and is not part of it: `MOBI_SHARED`
/// of whoever calls, else that of the build's configuration (`MOBI_SHARED_DEFAULT`, set by CTest),
/// else
/// `../shared`.
inline std::filesystem::path shared_folder() {
    for (const char* name : {"MOBI_SHARED", "MOBI_SHARED_DEFAULT"})
        if (const char* folder = std::getenv(name); folder != nullptr && *folder != 0)
            return folder;
    return "../shared";
}

/// A path in it.
inline std::filesystem::path shared_path(const std::string& relative) {
    return shared_folder() / relative;
}

/// A path in the project's own tree (`MOBI_SOURCE`, set by CTest).
inline std::filesystem::path source_path(const char* relative) {
    const char* folder = std::getenv("MOBI_SOURCE");
    return std::filesystem::path(folder != nullptr && *folder != 0 ? folder : ".") / relative;
}

/// A line of the current test that tests/run.sh counts: it has read reference data.
inline void count_reference_test() {
    const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::printf("[REFERENCE] %s.%s\n", test->test_suite_name(), test->name());
}

}  // namespace mobi::test

/// Skips the current test, and says why, when a file of the reference data is absent.  The words
/// are those that tests/run.sh looks for.
#define MOBI_NEEDS_SHARED(relative)                                                 \
    do {                                                                            \
        if (!std::filesystem::exists(::mobi::test::shared_path(relative)))          \
            GTEST_SKIP() << ::mobi::test::shared_path(relative)                     \
                         << " is not there: set MOBI_SHARED to the reference data"; \
        ::mobi::test::count_reference_test();                                       \
    } while (false)
