// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace mobi::test {

/// A path in the folder of reference data that lies beside the project (`MOBI_SHARED`, default
/// `../shared`); it is not part of the project.
inline std::filesystem::path shared_path(const char* relative) {
    const char* folder = std::getenv("MOBI_SHARED");
    return std::filesystem::path(folder != nullptr && *folder != 0 ? folder : "../shared") /
           relative;
}

/// A path in the project's own tree (`MOBI_SOURCE`, set by CTest).
inline std::filesystem::path source_path(const char* relative) {
    const char* folder = std::getenv("MOBI_SOURCE");
    return std::filesystem::path(folder != nullptr && *folder != 0 ? folder : ".") / relative;
}

}  // namespace mobi::test

/// Skips the current test, and says why, when a file of the reference data is absent.
#define MOBI_NEEDS_SHARED(relative)                                                 \
    do {                                                                            \
        if (!std::filesystem::exists(::mobi::test::shared_path(relative)))          \
            GTEST_SKIP() << ::mobi::test::shared_path(relative)                     \
                         << " is not there: set MOBI_SHARED to the reference data"; \
    } while (false)
