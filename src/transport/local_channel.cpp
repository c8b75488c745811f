// SPDX-License-Identifier: Apache-2.0
#include "transport/local_channel.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"

namespace mobi {

struct LocalChannel::Link {
    struct End {
        std::deque<Message> arrived;        ///< for this end
        std::condition_variable changed;    ///< `arrived` grew, or the other end closed
        std::optional<std::string> closed;  ///< why this end closed
    };
    std::mutex mutex;
    std::array<End, 2> ends;

    End& of(int rank) { return ends.at(static_cast<std::size_t>(rank)); }
};

namespace {

[[noreturn]] void fail_closed(const std::string& why) {
    throw TransportError(fmt::format("the other end of the in-process channel is closed: {}", why));
}

}  // namespace

LocalChannel::LocalChannel(std::shared_ptr<Link> link, int rank)
    : link_(std::move(link)), rank_(rank) {}

LocalChannel::Pair LocalChannel::make_pair() {
    const auto link = std::make_shared<Link>();
    return {std::unique_ptr<LocalChannel>(new LocalChannel(link, 0)),
            std::unique_ptr<LocalChannel>(new LocalChannel(link, 1))};
}

LocalChannel::~LocalChannel() {
    close("it has ended");
}

void LocalChannel::close(std::string_view why) {
    const std::lock_guard lock(link_->mutex);
    Link::End& mine = link_->of(rank_);
    if (mine.closed) return;
    mine.closed = std::string(why);
    link_->of(1 - rank_).changed.notify_all();
}

void LocalChannel::send(int to, int tag, Bytes bytes) {
    internal::check_envelope(to, size(), tag, bytes.size());
    MOBI_CHECK(to != rank_, "an in-process channel has no message to itself");
    const std::lock_guard lock(link_->mutex);
    Link::End& theirs = link_->of(to);
    if (theirs.closed) fail_closed(*theirs.closed);
    theirs.arrived.push_back({rank_, tag, std::move(bytes)});
    theirs.changed.notify_one();
}

std::optional<Message> LocalChannel::receive(WallClock::duration wall_timeout) {
    constexpr WallClock::duration longest_wait(3600);  // infinite ones do not fit the wait's clock
    const WallClock::time_point deadline = WallClock::now() + wall_timeout;
    std::unique_lock lock(link_->mutex);
    Link::End& mine = link_->of(rank_);
    const Link::End& theirs = link_->of(1 - rank_);
    while (mine.arrived.empty()) {
        if (theirs.closed) fail_closed(*theirs.closed);
        const WallClock::duration wall_left = deadline - WallClock::now();
        if (!(wall_left > WallClock::duration::zero())) return std::nullopt;
        mine.changed.wait_for(lock, std::min(wall_left, longest_wait));
    }
    Message message = std::move(mine.arrived.front());
    mine.arrived.pop_front();
    return message;
}

}  // namespace mobi
