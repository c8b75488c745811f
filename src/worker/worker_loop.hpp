// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages/worker_setup.hpp"
#include "method/device_program.hpp"
#include "transport/channel.hpp"

namespace mobi {

/// The life of a worker: takes requests from rank 0, hands them to its compute threads, sends what
/// `program` makes of them back, until it is told to stop; then it reports.  Only the calling
/// thread uses `channel`.
///
/// Blocking on rank 0.  \throws what the program throws: DataError, Bug, TransportError.
void worker_loop(Channel& channel, const WorkerSetup& setup, const DeviceProgram& program);

}  // namespace mobi
