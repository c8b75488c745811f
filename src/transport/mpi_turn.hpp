// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

namespace mobi::internal {

/// The right to call MPI, as long as it lives.  A process has two threads that do, the main thread
/// and that of Heartbeat, and MPI_THREAD_SERIALIZED allows one at a time.  Not to be held while
/// waiting.
class MpiTurn {
  public:
    MpiTurn() : lock_(mutex()) {}

  private:
    /// MPI is one for the process, and so is its lock.
    static std::mutex& mutex() {
        static std::mutex instance;
        return instance;
    }
    std::scoped_lock<std::mutex> lock_;
};

}  // namespace mobi::internal
