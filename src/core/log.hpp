// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/clock.hpp"

namespace mobi::log {

/// Opens the log on stderr: `[wall s][virtual s][rank] level message`.  Below warning only rank 0
/// speaks.  Call once, before threads start.
void open(int rank, bool verbose);

/// What the virtual-time column shows from now on.  Thread-safe.
void set_virtual_time(VirtualClock::time_point now);

void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

}  // namespace mobi::log
