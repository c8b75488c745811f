// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/error.hpp"

namespace mobi {

/// SIGTERM, SIGINT or SIGHUP reached the process.  Exit code 128 + the signal's number.
class Interrupted : public Error {
  public:
    /// \param state  what is left behind.
    Interrupted(int signal, std::string_view state);
};

/// From now on the first SIGTERM, SIGINT or SIGHUP (a terminal that went; not under nohup) is
/// remembered instead of ending the process: on rank 0 for throw_if_interrupted(), on the others
/// for nothing, because rank 0 ends them.  One that comes half a second later or more ends the
/// process at once.
void catch_signals();

/// What long work asks often; costs a nanosecond.
/// \throws Interrupted  when a signal came.
void throw_if_interrupted(std::string_view state = "nothing was written");

}  // namespace mobi
