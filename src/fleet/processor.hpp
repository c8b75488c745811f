// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "core/virtual_time.hpp"
#include "device/battery.hpp"
#include "device/compute_model.hpp"
#include "fleet/fleet_device.hpp"
#include "fleet/member_presence.hpp"

namespace mobi {

/// The processor of one device: one computation at a time, each as long as the device's rate, its
/// heat, its background load and what was drawn for it make it.
///
/// A device that goes off loses what it computes and begins it anew when it is back; one whose
/// battery is empty leaves for good.
class Processor {
  public:
    /// One try at a computation.
    struct Attempt {
        VirtualClock::time_point start{};
        VirtualClock::time_point end{};  ///< of the work, or when the device goes off before
        bool cut_off = false;
        bool emptied = false;  ///< cut off by the battery: there is no other
    };

    /// \param device  must outlive it.
    Processor(const FleetDevice& device, std::uint64_t seed);

    /// The next computation, of work whose input is there at `input`.
    /// \return  nothing when the device never comes back.
    /// \throws ConfigError  when a figure is not known, or the clock ends before the work.
    std::optional<Attempt> begin(const ComputeWork& work, VirtualClock::time_point input);

    /// The same again, after it was cut off.
    /// \throws ConfigError  when it will never get through (device/hopeless.hpp).
    std::optional<Attempt> repeat();

    /// The attempt has ended at `at`: its end, or when it was recalled.
    void end(VirtualClock::time_point at);

    /// The attempt is called off before its start.
    void cancel() {
        heat_s_ = heat_before_s_;
        free_ = free_before_;  // it did not rest for it either
    }

    /// So many bytes are going to be sent: the battery pays for them now.
    void pay_for_sending(std::int64_t charged_bytes) { battery_.send(charged_bytes); }

  private:
    std::optional<Attempt> attempt(VirtualClock::time_point from);
    double draw_factor() const;
    TimedWork computing() const;
    VirtualClock::duration time_of_work(VirtualClock::time_point start) const;

    const FleetDevice* device_;
    std::uint64_t seed_;
    MemberPresence presence_;
    Battery battery_;
    VirtualClock::duration load_offset_{};
    VirtualClock::time_point free_{};         // end of the last attempt, and the rest after it
    VirtualClock::time_point free_before_{};  // without the rest
    VirtualClock::time_point start_{};        // of the attempt under way
    VirtualClock::duration work_{};           // of the computation, at the full rate
    double heat_s_ = 0;
    double heat_before_s_ = 0;  // the attempt under way
    std::uint32_t computations_ = 0;
    int attempts_ = 0;  // at the computation under way
};

}  // namespace mobi
