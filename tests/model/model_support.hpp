// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "support/temp_folder.hpp"

namespace mobi::test {

/// A golden number must not depend on how a library splits a sum.
inline void use_one_thread() {
    at::set_num_threads(1);
}

}  // namespace mobi::test
