// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/run_config.hpp"

namespace mobi {

/// The resolved configuration as text: every key but the host-only ones, every entry that the
/// fleet uses.  parse_resolved() gives back an equal configuration, as does load_config() of a file
/// with this text.
std::string dump(const RunConfig& config);

/// Every key with its default, what it is, what it accepts and where the default comes from, as a
/// configuration file: `configs/defaults.cfg`.
std::string print_defaults();

}  // namespace mobi
