// SPDX-License-Identifier: Apache-2.0
#include "server/trainer_thread.hpp"

#include <utility>

#include <ATen/Parallel.h>

#include "core/thread_priority.hpp"

namespace mobi {
namespace {

constexpr std::size_t kStepsAhead = 64;

}  // namespace

TrainerThread::TrainerThread(Trainer& trainer, bool paced)
    : trainer_(trainer), tasks_(kStepsAhead), thread_([this, paced] { work(paced); }) {
    warm_.wait();
}

TrainerThread::~TrainerThread() {
    tasks_.close();
    while (tasks_.try_pop()) {  // an abandoned run does not train on
    }
}

void TrainerThread::rethrow() {
    if (!failed_) return;
    if (thread_.joinable()) thread_.join();
    std::rethrow_exception(error_);
}

void TrainerThread::submit(Update step, std::int64_t planned) {
    if (!tasks_.push({std::move(step), planned})) rethrow();
}

bool TrainerThread::has_done(std::int64_t update) {
    rethrow();
    return updates_done() > update;
}

void TrainerThread::finish(VirtualClock::time_point end) {
    end_ = end;
    last_evaluation_ = true;
    tasks_.close();
    if (thread_.joinable()) thread_.join();
    if (failed_) std::rethrow_exception(error_);
}

void TrainerThread::work(bool paced) try {
    at::set_num_threads(1);  // of this thread; the order of sums must not depend on the machine
    if (paced) {
        // Gives way to the threads that keep the time.  On a host with other work it gets nothing,
        // and that shows as overruns.
        set_thread_priority(ThreadPriority::Background);
        trainer_.warm_up();
    }
    warm_.count_down();
    while (std::optional<Task> task = tasks_.pop()) {
        trainer_.run(task->step, task->planned);
        done_.fetch_add(1, std::memory_order_relaxed);
    }
    if (last_evaluation_) trainer_.finish(end_);
} catch (...) {
    if (!warm_.try_wait()) warm_.count_down();
    error_ = std::current_exception();
    failed_ = true;
    tasks_.close();
}

}  // namespace mobi
