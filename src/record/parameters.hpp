// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace mobi {

enum class RecordActivations { All, None };

/// Section `[record]`.
struct RecordParameters {
    RecordActivations activations = RecordActivations::All;
    bool swmr = true;          ///< false for NFS and Lustre
    double flush_s = 5;        ///< wall seconds between flushes
    double checkpoint_s = 60;  ///< wall seconds between checkpoints; 0: only when interrupted
    /// Records that wait for the writer thread; not a key.  It holds as much again in its hands.
    std::size_t queue_bytes = 64U << 20U;
};

}  // namespace mobi
