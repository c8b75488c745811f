// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <exception>
#include <latch>
#include <thread>

#include "core/blocking_queue.hpp"
#include "method/side/trainer.hpp"

namespace mobi {

/// The one thread that trains (docs/design.md 3).  Steps go in over a short queue, so that the
/// main thread runs ahead of training by a little and never by much.
class TrainerThread {
  public:
    /// \param trainer  must outlive the thread; nobody else uses it until finish() has returned.
    /// \param paced    with the wall clock: is warm when the constructor returns, and leaves the
    ///                 processor to the threads that keep the time.
    explicit TrainerThread(Trainer& trainer, bool paced = false);
    ~TrainerThread();
    TrainerThread(const TrainerThread&) = delete;
    TrainerThread& operator=(const TrainerThread&) = delete;

    /// Waits for room.  \throws what an earlier step threw.
    void submit(Update step, std::int64_t planned);

    /// Waits for the steps and the last evaluation.  \throws what a step threw.
    void finish(VirtualClock::time_point end);

    /// Whether step `update`, and so every one before it, is done.  \throws what a step
    /// threw.
    bool has_done(std::int64_t update);

    std::int64_t updates_done() const noexcept { return done_.load(std::memory_order_relaxed); }

  private:
    struct Task {
        Update step;
        std::int64_t planned = 0;
    };

    void work(bool paced);
    void rethrow();

    Trainer& trainer_;
    BlockingQueue<Task> tasks_;
    std::atomic<std::int64_t> done_{0};
    std::atomic<bool> failed_{false};
    std::latch warm_{1};
    std::exception_ptr error_;
    VirtualClock::time_point end_{};
    std::atomic<bool> last_evaluation_{false};
    std::jthread thread_;
};

}  // namespace mobi
