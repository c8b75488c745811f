// SPDX-License-Identifier: Apache-2.0
#include "crew/wall_pace.hpp"

#include <utility>

namespace mobi {

using Time = VirtualClock::time_point;

WallPace::WallPace(double time_scale, WallClock::duration look, Hooks hooks)
    : time_scale_(time_scale), look_(look), hooks_(std::move(hooks)) {}

void WallPace::begin(Time from) {
    const WallClock::time_point now = hooks_.start ? hooks_.start(from) : WallClock::now();
    const PacedClock since_now(now, time_scale_);
    clock_.emplace(now - since_now.wall_length(from.time_since_epoch()), time_scale_);
}

void WallPace::pass(Time time) {
    const WallClock::time_point wall = clock().wall_at(time);
    do {
        hooks_.pump(std::clamp(wall - WallClock::now(), WallClock::duration::zero(), look_));
    } while (WallClock::now() < wall);
}

Time WallPace::finish(std::int64_t, Time planned, const std::function<bool()>& done) {
    wait_until(planned);
    while (!done()) pump();
    const Time now = clock().now();
    const WallClock::duration late = clock().wall_length(now - planned);
    if (late <= PacedClock::kTolerance) return planned;
    overruns_.note(late);
    return now;
}

void WallPace::wait_until(Time time) {
    pass(time);
    paced_s_ = clock().wall_length(clock().now().time_since_epoch()).count();
}

}  // namespace mobi
