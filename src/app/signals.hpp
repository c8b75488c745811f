// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/error.hpp"

namespace mobi {

/// SIGTERM, SIGINT or SIGHUP reached the process.  Exit code 128 + the signal's number.
class Interrupted : public Error {
  public:
    explicit Interrupted(int signal)
        : Error(signal == 2 ? "interrupted; the run file is closed with status aborted"
                            : "terminated; the run file is closed with status aborted",
                128 + signal) {}
};

/// From now on SIGTERM, SIGINT and SIGHUP (a terminal that went; not under nohup) are remembered
/// instead of ending the process: on rank 0 for throw_if_interrupted(), on the others for nothing,
/// because rank 0 ends them.
void catch_signals();

/// \throws Interrupted  when a signal came.
void throw_if_interrupted();

}  // namespace mobi
