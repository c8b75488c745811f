// SPDX-License-Identifier: Apache-2.0
#include "transport/backoff.hpp"

#include <algorithm>
#include <thread>

namespace mobi {
namespace {

constexpr WallClock::duration kSpin(50e-6);
constexpr WallClock::duration kLongest(1e-3);

}  // namespace

void Backoff::pause(WallClock::duration wall_limit) {
    const WallClock::time_point now = WallClock::now();
    if (!waiting_) {
        waiting_ = true;
        start_ = now;
        wall_sleep_ = kSpin;
    }
    if (now - start_ < kSpin || !(wall_limit > WallClock::duration::zero())) return;
    std::this_thread::sleep_for(std::min(wall_sleep_, wall_limit));
    wall_sleep_ = std::min(2 * wall_sleep_, kLongest);
}

}  // namespace mobi
