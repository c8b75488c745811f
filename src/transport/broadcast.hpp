// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "core/byte_io.hpp"

namespace mobi {

/// Gives all ranks the bytes of `root`, of any size.  Ranks that wait for the root sleep (Backoff).
///
/// Collective over all ranks; blocks until the root has called it.  Main thread only.
///
/// \param bytes    in on `root`, out on the others
/// \param on_wait  called while waiting; may throw to give up.
/// \throws TransportError  when MPI fails.
void broadcast(Bytes& bytes, int root, const std::function<void()>& on_wait = {});

}  // namespace mobi
