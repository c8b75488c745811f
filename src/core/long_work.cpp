// SPDX-License-Identifier: Apache-2.0
#include "core/long_work.hpp"

#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "core/log.hpp"
#include "core/signals.hpp"

namespace mobi {
namespace {

constexpr std::int64_t kPeriodSeconds = 10;

/// To some milliseconds, for a fifth of what an exact clock costs.
std::int64_t seconds_now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return time.tv_sec;
}

}  // namespace

LongWork::LongWork(std::string what)
    : what_(std::move(what)), next_s_(seconds_now() + kPeriodSeconds) {}

void LongWork::step(std::int64_t done, std::int64_t planned) {
    throw_if_interrupted();
    const std::int64_t now = seconds_now();
    if (now < next_s_) return;
    next_s_ = now + kPeriodSeconds;
    log::info(planned > 0 ? fmt::format("{} {} of {}", what_, done, planned)
                          : fmt::format("{} {}", what_, done));
}

}  // namespace mobi
