// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <thread>
#include <utility>
#include <variant>

#include "core/blocking_queue.hpp"
#include "method/learner.hpp"

namespace mobi {

/// The one thread that trains (docs/design.md 3).  Arrivals and steps go in over a short queue, so
/// that the main thread runs ahead of training by a little and never by much.
class TrainerThread {
  public:
    /// \param learner  must outlive the thread; nobody else uses it until finish() has returned,
    /// but for
    ///                 what may be called from any thread.
    /// \param paced    with the wall clock: is warm when the constructor returns, and leaves the
    ///                 processor to the threads that keep the time.
    /// \param done     steps that the learner had done before.
    explicit TrainerThread(Learner& learner, bool paced = false, std::int64_t done = 0);
    ~TrainerThread();
    TrainerThread(const TrainerThread&) = delete;
    TrainerThread& operator=(const TrainerThread&) = delete;

    // Each waits for room.  \throws what an earlier step threw.

    void take(Input input) { push(std::move(input)); }
    void submit(Step step) { push(std::move(step)); }
    /// \param reply  called by the thread.
    void ask(DeviceTask task, std::function<void(Brief)> reply) {
        push(Question{std::move(task), std::move(reply)});
    }

    /// Waits for all that went in, then has the learner archive itself.  \throws what a step threw.
    Bytes archive();

    /// Waits for the steps and the last evaluation.
    /// \param on_wait  called now and then meanwhile; may throw to give up.
    /// \throws what a step threw.
    void finish(VirtualClock::time_point end, const std::function<void()>& on_wait = {});

    /// \throws what a call of the learner threw.
    void rethrow();

    /// Steps that the learner has seen.
    std::int64_t steps_done() const { return done_.load(std::memory_order_relaxed); }

    /// Whether the learner has seen step number `step`, and so every one before it.  \throws what a
    /// step threw.
    bool has_done(std::int64_t step);

  private:
    struct Question {
        DeviceTask task;
        std::function<void(Brief)> reply;
    };
    struct Snapshot {
        std::shared_ptr<std::promise<Bytes>> bytes;
    };
    using Work = std::variant<Input, Step, Question, Snapshot>;

    void push(Work work);
    void work(bool paced);
    void run(const Work& work);

    Learner& learner_;
    BlockingQueue<Work> queue_;
    std::atomic<std::int64_t> done_{0};
    std::atomic<bool> failed_{false};
    std::atomic<bool> ended_{false};
    std::latch warm_{1};
    std::exception_ptr error_;
    VirtualClock::time_point end_{};
    std::atomic<bool> finishes_{false};
    std::jthread thread_;
};

}  // namespace mobi
