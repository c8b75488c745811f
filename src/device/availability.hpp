// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/rng.hpp"

namespace mobi {

/// How a device comes and goes.
enum class AvailabilityKind {
    Always,
    Daily,     ///< on from `daily_from` to `daily_to` of its own time zone
    Markov,    ///< exponential times on and off
    DayCycle,  ///< each slot on by a chance that follows the day, FLGo's SLN
    Trace,     ///< on in the spans of a file, which repeat
};

/// The spans of `availability.<name>.trace`, by row of the file's devices.
struct AvailabilityTrace {
    using Span = std::pair<VirtualClock::duration, VirtualClock::duration>;  ///< [on, off)
    std::vector<std::vector<Span>> devices;
    VirtualClock::duration period{};
};

/// One pattern: a file of `configs/availability`, section `[availability.<name>]`.
struct AvailabilityProfile {
    std::string name;
    AvailabilityKind kind = AvailabilityKind::Always;
    double daily_from_s = 22 * 3600.0;
    double daily_to_s = 6 * 3600.0;  ///< before `daily_from`: of the next day
    int time_zones = 1;              ///< a device draws one of n, evenly over the day
    double mean_on_s = 3600;
    double mean_off_s = 3600;
    double slot_s = 600;       ///< of a day cycle
    double level_sigma = 0.5;  ///< log-normal spread of the devices' chances in a day cycle
    double join_s = 0;         ///< a device joins at a uniform time up to this
    std::string trace_file;
    double trace_period_s = 86400;
    std::shared_ptr<const AvailabilityTrace> trace;  ///< read from `trace_file`
};

/// When one device is on.  The answers are a function of profile, seed and device alone.
///
/// A cursor: it is asked with times that never decrease.  Two users take two of them.
class Presence {
  public:
    /// \param profile  must outlive it.
    Presence(const AvailabilityProfile& profile, std::uint64_t seed, std::int32_t device);

    /// The first time from `time` on at which the device is on; nothing when it never is again.
    std::optional<VirtualClock::time_point> next_on(VirtualClock::time_point time);

    /// When a device that is on at `start` goes off before `end`; nothing when it stays on.
    std::optional<VirtualClock::time_point> off_before(VirtualClock::time_point start,
                                                       VirtualClock::time_point end);

  private:
    /// Makes [on_, off_) the next span; false when there is none.
    bool advance();
    bool advance_daily();
    bool advance_markov();
    bool advance_day_cycle();
    bool advance_trace();
    bool slot_is_on(std::int64_t slot) const;

    const AvailabilityProfile* profile_;
    std::uint64_t seed_;
    std::int32_t device_;
    RandomStream random_;
    VirtualClock::duration shift_{};  // of the time zone
    VirtualClock::time_point join_{};
    double level_ = 1;       // of a day cycle
    std::int64_t next_ = 0;  // day, slot or span of the trace
    VirtualClock::time_point on_{};
    VirtualClock::time_point off_{};
};

/// The presence of a device by its pattern.  \param pattern  null: always on.
Presence presence_of(const AvailabilityProfile* pattern, std::uint64_t seed, std::int32_t device);

/// Reads lines `device,on_s,off_s` (numbers; a header line may come first) whose spans repeat after
/// `period_s`.  Devices are numbered from 0; a fleet with more devices than rows starts over.
///
/// \throws DataError  naming file and line: a span that is empty, overlaps the one before or ends
///                    after the period.
AvailabilityTrace read_availability_trace(const std::string& path, double period_s);
/// The same from text; `name` stands for the path.
AvailabilityTrace parse_availability_trace(std::string_view text,
                                           const std::string& name,
                                           double period_s);

}  // namespace mobi
