// SPDX-License-Identifier: Apache-2.0
#include "fleet/processor.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/rng.hpp"
#include "core/virtual_time.hpp"
#include "device/hopeless.hpp"
#include "device/thermal_model.hpp"
#include "device/trace_file.hpp"
#include "fleet/draws.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

double in_seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

Processor::Processor(const FleetDevice& device, std::uint64_t seed)
    : device_(&device),
      seed_(seed),
      presence_(device, seed),
      battery_(*device.profile, *device.link),
      load_offset_(trace_offset(device.profile->load.get(),
                                device.profile->load_start,
                                draws_of(seed, Purpose::LoadOffset, device.id))) {}

std::optional<Processor::Attempt> Processor::begin(const ComputeWork& work, Time input) {
    work_ = compute_time(*device_->profile, work, draw_factor());
    ++computations_;
    attempts_ = 0;
    free_before_ = free_;
    free_ = later(free_, battery_.rest(), computing());
    return attempt(std::max(free_, input));
}

std::optional<Processor::Attempt> Processor::repeat() {
    // Heat and other programs only make it longer; a battery ends it all the same.
    const bool on_mains = device_->profile->battery_j <= 0;
    refuse_hopeless(presence_.cursor(),
                    {computing_a_packet(*device_->profile), work_, on_mains, attempts_});
    return attempt(free_);
}

TimedWork Processor::computing() const {
    return {"computing the packets of device.", device_->profile->name};
}

std::optional<Processor::Attempt> Processor::attempt(Time from) {
    const std::optional<Time> on = presence_.next_on(from);
    if (!on) return std::nullopt;
    heat_before_s_ = heat_s_;
    // A rest for the battery cools as any other.
    heat_s_ = std::max(0.0, heat_s_ - in_seconds(*on - free_before_));
    start_ = *on;
    ++attempts_;
    Attempt one{*on, later(*on, time_of_work(*on), computing()), false, false};
    if (const std::optional<Time> off = presence_.off_before(one.start, one.end)) {
        one.end = *off;
        one.cut_off = true;
    }
    if (battery_.lasts() < one.end - one.start) {
        one.end = one.start + battery_.lasts();
        one.cut_off = one.emptied = true;
    }
    return one;
}

void Processor::end(Time at) {
    heat_s_ += in_seconds(at - start_);
    battery_.compute(at - start_);
    free_ = free_before_ = at;
}

double Processor::draw_factor() const {
    const DeviceProfile& profile = *device_->profile;
    double factor = 1;
    if (const double sigma = profile.compute_spread; sigma > 0)
        factor = std::exp(
            sigma * draws_of(seed_, Purpose::ComputeTime, device_->id, computations_).normal());
    if (const double deviation = profile.compute_deviation; deviation > 0) {
        RandomStream random =
            draws_of(seed_, Purpose::ComputeDeviation, device_->id, computations_);
        factor *= positive_normal(1, deviation, random);
    }
    return factor;
}

Duration Processor::time_of_work(Time start) const {
    const DeviceProfile& profile = *device_->profile;
    Duration need = work_;
    if (profile.thermal_budget_s > 0)
        need = virtual_duration(throttled_time_s(profile, in_seconds(work_), heat_s_),
                                computing_a_packet(profile));
    const RateTrace* const load = profile.load.get();
    // While the load leaves nothing, an amount was reached when it began, not now.
    if (load == nullptr || need == Duration::zero()) return need;
    const Duration begin = start.time_since_epoch() + load_offset_;
    return load->time_of(load->carried_until(begin) + kWholeRate * need.count()) - begin;
}

}  // namespace mobi
