// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace mobi {

/// Version of the program, e.g. `0.1.0`.
std::string_view program_version();

/// Abbreviated hash of the commit that was configured, or `unknown` outside a git checkout.
std::string_view git_commit();

}  // namespace mobi
