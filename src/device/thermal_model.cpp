// SPDX-License-Identifier: Apache-2.0
#include "device/thermal_model.hpp"

#include <algorithm>
#include <cmath>

namespace mobi {

double throttled_time_s(const DeviceProfile& device, double work_s, double heat_s) {
    if (device.thermal_budget_s <= 0) return work_s;
    const double cool_s = std::min(work_s, std::max(0.0, device.thermal_budget_s - heat_s));
    const double work = work_s - cool_s;
    if (work <= 0) return work_s;
    // The work of t hot seconds: the integral of floor + (1 - floor) exp(-(hot + s) / decay), s up
    // to t.  It grows and bends down, so that Newton's steps from the left never pass the root.
    const double floor = device.thermal_floor;
    const double decay = device.thermal_decay_s;
    const double hot = std::max(0.0, heat_s - device.thermal_budget_s);
    const double start = (1 - floor) * std::exp(-hot / decay);
    double time = work;
    for (int i = 0; i < 100; ++i) {
        const double fallen = start * std::exp(-time / decay);
        // A slow fall: the difference would lose its digits.
        const double fall =
            time < 1e-6 * decay ? -start * std::expm1(-time / decay) : start - fallen;
        const double step = (work - floor * time - decay * fall) / (floor + fallen);
        time += step;
        if (step <= 1e-12 * time) break;
    }
    return cool_s + time;
}

}  // namespace mobi
