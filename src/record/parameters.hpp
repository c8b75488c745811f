// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

enum class RecordActivations { All, None };

/// Section `[record]`.
struct RecordParameters {
    RecordActivations activations = RecordActivations::All;
    bool swmr = true;    ///< false for NFS and Lustre
    double flush_s = 5;  ///< wall seconds between flushes
};

}  // namespace mobi
