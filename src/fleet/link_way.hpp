// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/clock.hpp"
#include "core/instant.hpp"
#include "core/virtual_time.hpp"
#include "device/link_model.hpp"
#include "device/rate_trace.hpp"
#include "fleet/fleet_device.hpp"
#include "fleet/member_presence.hpp"

namespace mobi {

enum class Way : std::uint8_t { Down, Up };

/// One way of a device's link: one transfer after another, each restarted when the device goes off
/// in the middle of it.
class LinkWay {
  public:
    /// One try at a transfer.
    struct Attempt {
        VirtualClock::time_point start{};  ///< the device is on and the transfer is ready
        VirtualClock::time_point begin{};  ///< and the radio is awake: the first byte
        VirtualClock::time_point end{};    ///< see attempt(), wake()
        bool cut_off = false;
    };

    /// What was drawn for a transfer.
    struct Draw {
        std::int64_t bytes = 0;         ///< charged, and again what the link loses
        double bytes_per_s = kUnknown;  ///< unknown: the link's own rate
        std::uint32_t number = 0;       ///< of the transfer, this way
    };

    /// \param device  must outlive it.
    LinkWay(const FleetDevice& device, Way way, std::uint64_t seed);

    /// The draws of the next transfer, in the order in which they become ready.
    Draw draw(std::int64_t charged_bytes);

    /// From the last byte of the transfer to its arrival, which is never before an earlier one's.
    VirtualClock::time_point arrival(VirtualClock::time_point end, const Draw& draw);

    /// A transfer over a link of the device's own; `end`: all is carried, or the device goes off.
    /// \return  nothing when the device never comes back.
    std::optional<Attempt> attempt(VirtualClock::time_point ready, const Draw& draw);

    /// The same over a shared link, up to the first byte; `end`: that, or the device goes off.
    std::optional<Attempt> wake(VirtualClock::time_point ready);

    /// When the first byte of a woken attempt goes: in the middle of a nanosecond when it follows
    /// the transfer before without a pause.
    Instant first_byte(const Attempt& attempt, VirtualClock::time_point ready) const;

    /// Whether the device that is on since `attempt.start` goes off at `at` or before.
    bool goes_off(const Attempt& attempt, VirtualClock::time_point at);
    /// When it does, or when to look again: a day ahead; time_point::max(): it never does.
    VirtualClock::time_point next_look(VirtualClock::time_point from) const;

    /// The attempt is over: all was carried by `at`.
    void carried(Instant at);
    /// Or it was cut off or recalled at `at`.
    void cut_off(const Attempt& attempt, VirtualClock::time_point at);

    /// The transfer is to begin anew, after `attempt` was cut off at `at`.
    /// \throws ConfigError  when it will never get through (device/hopeless.hpp).
    void refuse_if_hopeless(const Attempt& attempt,
                            VirtualClock::time_point at,
                            const Draw& draw) const;

    /// What an attempt over the device's own link has carried by `at`, bytes.
    std::int64_t carried_by(const Attempt& attempt,
                            VirtualClock::time_point at,
                            const Draw& draw) const;

    /// The rate of the device's own link from `at` on, bytes/s, and until when; kNever: for ever.
    struct OwnRate {
        double bytes_per_s = 0;
        Instant until = kNever;
    };
    OwnRate own_rate(Instant at, const Draw& draw) const;

    /// A transfer over a shared link, for messages.
    TimedWork sharing() const;

    Instant free() const noexcept { return free_; }
    const LinkProfile& link() const noexcept { return *device_->link; }

  private:
    /// Where a link with a trace is in it.
    struct Traced {
        VirtualClock::duration offset{};
        TracedLink carried;                 ///< after the last transfer
        std::optional<TracedLink> attempt;  ///< and after the attempt under way
    };

    LinkDirection direction() const;
    VirtualClock::duration offset() const {
        return traced_ ? traced_->offset : VirtualClock::duration::zero();
    }
    VirtualClock::duration time_alone(const Draw& draw) const;

    const FleetDevice* device_;
    std::uint64_t seed_;
    Way way_;
    MemberPresence presence_;
    std::unique_ptr<Traced> traced_;  // null: a rate of its own
    Instant free_ = 0;                // end of the last transfer or attempt
    std::optional<VirtualClock::time_point> last_byte_;
    VirtualClock::time_point last_arrival_{};
    std::uint32_t transfers_ = 0;
    int attempts_ = 0;  // at the transfer under way
};

}  // namespace mobi
