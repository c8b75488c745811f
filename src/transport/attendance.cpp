// SPDX-License-Identifier: Apache-2.0
#include "transport/attendance.hpp"

#include <algorithm>

namespace mobi {
namespace {

constexpr WallClock::duration kLongestInterval(1);
constexpr double kIntervalsOfPatience = 8;

}  // namespace

Attendance::Attendance(const std::vector<int>& ranks) {
    for (const int rank : ranks) heard_[rank] = {};
}

WallClock::duration Attendance::interval() const {
    if (patience_ <= WallClock::duration::zero()) return kLongestInterval;
    return std::min(patience_ / kIntervalsOfPatience, kLongestInterval);
}

void Attendance::look(WallClock::time_point now) {
    if (looked_)
        listened_ += std::clamp(now - *looked_, WallClock::duration::zero(), 2 * interval());
    looked_ = now;
}

void Attendance::heard(int rank) {
    const auto found = heard_.find(rank);
    if (found != heard_.end()) found->second = listened_;
}

std::optional<Silence> Attendance::longest() const {
    std::optional<Silence> longest;
    for (const auto& [rank, heard] : heard_)
        if (!longest || listened_ - heard > longest->lasted)
            longest = Silence{rank, listened_ - heard, 0};
    if (!longest) return std::nullopt;
    const auto silent = std::count_if(heard_.begin(), heard_.end(), [&](const auto& one) {
        return listened_ - one.second > patience_ / 2;
    });
    longest->others = std::max(0, static_cast<int>(silent) - 1);
    return longest;
}

std::optional<Silence> Attendance::too_long() const {
    if (patience_ <= WallClock::duration::zero()) return std::nullopt;
    std::optional<Silence> silence = longest();
    return silence && silence->lasted > patience_ ? silence : std::nullopt;
}

}  // namespace mobi
