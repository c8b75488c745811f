// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "transport/channel.hpp"

namespace mobi::test {

/// Thrown by a test that does not want to wait any longer.
struct GaveUp {};

/// Rank 0's end of a channel whose other ranks are the test.
class ScriptedChannel final : public Channel {
  public:
    /// \param on_send  what rank `to` does with a message; it may answer().
    explicit ScriptedChannel(int size, std::function<void(int to, const Message&)> on_send = {})
        : size_(size), on_send_(std::move(on_send)) {}

    void answer(int from, int tag, Bytes bytes) {
        answers_.push_back({from, tag, std::move(bytes)});
    }
    /// Asked when there is no answer: what comes next.
    std::function<void()> on_idle;

    void send(int to, int tag, Bytes bytes) override {
        sent.emplace_back(to, Message{0, tag, std::move(bytes)});
        if (!on_send_) return;
        const Message message = sent.back().second;
        on_send_(to, message);
    }
    std::optional<Message> receive(WallClock::duration wall_timeout) override {
        if (answers_.empty() && on_idle) on_idle();
        ++receives;
        if (answers_.empty()) {
            // a test that waits for ever fails instead
            if (!idle_since_) idle_since_ = WallClock::now();
            if (WallClock::now() - *idle_since_ > WallClock::duration(20))
                throw TransportError("nobody answers");
            std::this_thread::sleep_for(std::min(wall_timeout, WallClock::duration(1e-3)));
            return std::nullopt;
        }
        idle_since_.reset();
        Message message = std::move(answers_.front());
        answers_.pop_front();
        return message;
    }
    void flush() override { ++flushes; }
    int rank() const override { return 0; }
    int size() const override { return size_; }

    std::vector<std::pair<int, Message>> sent;  ///< to whom, what; the source is rank 0
    int flushes = 0;
    int receives = 0;

  private:
    int size_;
    std::function<void(int, const Message&)> on_send_;
    std::deque<Message> answers_;
    std::optional<WallClock::time_point> idle_since_;
};

}  // namespace mobi::test
