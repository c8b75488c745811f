// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "device/profile.hpp"

namespace mobi {

/// The battery of one device, drained by its packets: computing at `power_compute`, sending at the
/// link's power and nominal rate, where that is known.  What else a phone does is not in it.
///
/// Rules as of MobileFineTuner (arXiv 2512.08211, docs/method.md 4.3): below `battery_low` the
/// device rests `battery_rest` before every packet.  An empty one leaves for good.
class Battery {
  public:
    /// \param device, link  must outlive it.
    Battery(const DeviceProfile& device, const LinkProfile& link);

    /// How long the device rests before its next packet.
    VirtualClock::duration rest() const;

    /// How long it can compute before it is empty; duration::max() on mains.
    VirtualClock::duration lasts() const;

    void compute(VirtualClock::duration time) {
        if (!on_mains_) drain_computing(time);
    }
    void send(std::int64_t charged_bytes) {
        if (!on_mains_) drain_sending(charged_bytes);
    }

  private:
    void drain_computing(VirtualClock::duration time);
    void drain_sending(std::int64_t charged_bytes);

    const DeviceProfile* device_;
    const LinkProfile* link_;
    double left_j_ = 0;
    bool on_mains_ = true;  // there is none
};

}  // namespace mobi
