// SPDX-License-Identifier: Apache-2.0
#include "server/trainer_thread.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "core/thread_priority.hpp"

namespace mobi {
namespace {

constexpr std::size_t kAhead = 64;                    // arrivals and steps
constexpr std::chrono::milliseconds kLookAround(20);  // while the last of them is done

Bytes archive_of(Learner& learner) {
    Archive archive;
    learner.archive(archive);
    return archive.take();
}

}  // namespace

TrainerThread::TrainerThread(Learner& learner, bool paced, std::int64_t done)
    : learner_(learner), queue_(kAhead), done_(done), thread_([this, paced] { work(paced); }) {
    warm_.wait();
}

TrainerThread::~TrainerThread() {
    finishes_ = false;  // an abandoned run does not train on
    if (!ended_) learner_.abandon();
    queue_.close();
    while (queue_.try_pop()) {
    }
}

void TrainerThread::rethrow() {
    if (!failed_) return;
    if (thread_.joinable()) thread_.join();
    std::rethrow_exception(error_);
}

void TrainerThread::push(Work work) {
    if (!queue_.push(std::move(work))) rethrow();
}

bool TrainerThread::has_done(std::int64_t step) {
    rethrow();
    return done_.load(std::memory_order_relaxed) > step;
}

Bytes TrainerThread::archive() {
    const auto bytes = std::make_shared<std::promise<Bytes>>();
    std::future<Bytes> answer = bytes->get_future();
    push(Snapshot{bytes});
    while (answer.wait_for(kLookAround) != std::future_status::ready) rethrow();
    rethrow();  // it may have failed before it came to this
    return answer.get();
}

void TrainerThread::finish(VirtualClock::time_point end, const std::function<void()>& on_wait) {
    end_ = end;
    finishes_ = true;
    queue_.close();
    while (on_wait && !ended_) {
        on_wait();
        std::this_thread::sleep_for(kLookAround);
    }
    if (thread_.joinable()) thread_.join();
    if (failed_) std::rethrow_exception(error_);
}

void TrainerThread::run(const Work& work) {
    if (const auto* const input = std::get_if<Input>(&work)) return learner_.take(*input);
    if (const auto* const question = std::get_if<Question>(&work))
        return question->reply(learner_.brief(question->task));
    if (const auto* const snapshot = std::get_if<Snapshot>(&work))
        return snapshot->bytes->set_value(archive_of(learner_));
    learner_.run(std::get<Step>(work));
    done_.fetch_add(1, std::memory_order_relaxed);
}

void TrainerThread::work(bool paced) try {
    learner_.begin_thread();
    if (paced) {
        // Gives way to the threads that keep the time.  On a host with other work it gets nothing,
        // and that shows as overruns.
        set_thread_priority(ThreadPriority::Background);
        learner_.warm_up();
    }
    warm_.count_down();
    while (const std::optional<Work> next = queue_.pop()) run(*next);
    if (finishes_) learner_.finish(end_);
    ended_ = true;
} catch (...) {
    if (!warm_.try_wait()) warm_.count_down();
    error_ = std::current_exception();
    failed_ = true;
    ended_ = true;
    queue_.close();
}

}  // namespace mobi
