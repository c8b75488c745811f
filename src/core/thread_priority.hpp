// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

/// How much a thread minds being late.
enum class ThreadPriority {
    Usual,
    /// Wakes up within some 50 us of its time, also while all cores compute: real-time scheduling
    /// where the system permits it (root, or a limit on rtprio), and the finest timer.  A thread
    /// of the usual class may wait 3 ms for a core.  For threads that sleep nearly always.
    Punctual,
    /// Computes when nobody else wants to, and gives way at once (SCHED_IDLE).
    Background,
};

/// For the calling thread.  \return  whether the system permitted it; if not, nothing has changed
/// but the timer.
bool set_thread_priority(ThreadPriority priority) noexcept;

}  // namespace mobi
