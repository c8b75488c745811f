// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include "core/error.hpp"

/// Throws Bug with file, line and the formatted text when `condition` does not hold.  Always on:
/// for what only a mistake in this program can break, never for what a user or a file can.
#define MOBI_CHECK(condition, ...)                                                    \
    do {                                                                              \
        if (!(condition))                                                             \
            throw ::mobi::Bug(::fmt::format("{}:{}: {} ({})", __FILE__, __LINE__,     \
                                            ::fmt::format(__VA_ARGS__), #condition)); \
    } while (false)
