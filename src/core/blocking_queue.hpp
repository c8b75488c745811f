// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace mobi {

/// First-in first-out queue between threads, bounded when asked to be.
///
/// close() lets the consumers drain what is left; after it push() returns false and an empty pop()
/// returns nothing.  All members are thread-safe.
template <typename T>
class BlockingQueue {
  public:
    /// \param capacity  most elements held at once; 0 = unbounded.
    explicit BlockingQueue(std::size_t capacity = 0) : capacity_(capacity) {}

    /// Waits for room.  \return false when the queue is closed; `value` is then dropped.
    bool push(T value) {
        std::unique_lock lock(mutex_);
        if (capacity_ > 0 && values_.size() >= capacity_ && !closed_) {
            ++full_waits_;
            room_.wait(lock, [&] { return values_.size() < capacity_ || closed_; });
        }
        if (closed_) return false;
        values_.push_back(std::move(value));
        filled_.notify_one();
        return true;
    }

    /// Waits for an element.  \return nothing when the queue is closed and empty.
    std::optional<T> pop() {
        std::unique_lock lock(mutex_);
        filled_.wait(lock, [&] { return !values_.empty() || closed_; });
        return take();
    }

    /// As pop(), but gives up after `timeout`.
    template <typename Rep, typename Period>
    std::optional<T> pop_for(std::chrono::duration<Rep, Period> timeout) {
        std::unique_lock lock(mutex_);
        filled_.wait_for(lock, timeout, [&] { return !values_.empty() || closed_; });
        return take();
    }

    /// Never waits.
    std::optional<T> try_pop() {
        const std::lock_guard lock(mutex_);
        return take();
    }

    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        filled_.notify_all();
        room_.notify_all();
    }

    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return values_.size();
    }

    /// How many push() calls had to wait for room.
    std::size_t full_waits() const {
        const std::lock_guard lock(mutex_);
        return full_waits_;
    }

  private:
    std::optional<T> take() {  // with mutex_ held
        if (values_.empty()) return std::nullopt;
        std::optional<T> value(std::move(values_.front()));
        values_.pop_front();
        room_.notify_one();
        return value;
    }

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable room_;
    std::deque<T> values_;
    std::size_t full_waits_ = 0;
    bool closed_ = false;
};

}  // namespace mobi
