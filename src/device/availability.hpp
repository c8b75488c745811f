// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/rng.hpp"
#include "device/periodic_spans.hpp"

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
    std::map<std::int32_t, PeriodicSpans> rows;  ///< those that the file names
    std::int32_t devices = 0;                    ///< rows, with those that are never on

    /// A fleet with more devices than rows starts over.
    const PeriodicSpans& of(std::int32_t device) const;
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
/// A cursor: it is asked with times that never decrease.  Two users take two of them.  A device
/// that is not on again within 200 years never is.
class Presence {
  public:
    /// \param profile  must outlive it.
    /// \throws ConfigError  when the device would be on less than once in 200 years.
    Presence(const AvailabilityProfile& profile, std::uint64_t seed, std::int32_t device);

    /// The first time from `time` on at which the device is on; nothing when it never is again.
    /// \throws ConfigError  when it comes and goes too often to be followed so far.
    std::optional<VirtualClock::time_point> next_on(VirtualClock::time_point time);

    /// When a device that is on at `start` goes off before `end`; nothing when it stays on.  The
    /// next question may be about any time from `start` on: what was looked at ahead is kept.
    std::optional<VirtualClock::time_point> off_before(VirtualClock::time_point start,
                                                       VirtualClock::time_point end);

    /// How much of [0, end) the device is off.  \pre nothing was asked before
    VirtualClock::duration off_until(VirtualClock::time_point end);

    /// The longest that it ever is on without a break; nothing where times are drawn.
    std::optional<VirtualClock::duration> longest_on() const;

    /// For messages: how long it is on at a time, in seconds.
    double usual_on_s() const;

    const std::string& pattern() const noexcept { return profile_->name; }

  private:
    void set_daily();
    void set_markov();
    void set_day_cycle();
    bool repeats() const;
    const PeriodicSpans& spans() const;
    /// Makes [on_, off_) the next span, or one that holds `time`; false when there is none.
    bool advance(VirtualClock::time_point time);
    bool find_next(VirtualClock::time_point time);
    bool advance_periodic(VirtualClock::time_point time);
    bool advance_markov();
    bool advance_day_cycle();
    bool slot_is_on(std::int64_t slot) const;
    void count(std::int64_t spans);

    const AvailabilityProfile* profile_;
    std::uint64_t seed_;
    std::int32_t device_;
    RandomStream random_;
    VirtualClock::time_point join_{};
    PeriodicSpans daily_;
    double level_ = 1;               // of a day cycle
    VirtualClock::duration slot_{};  // likewise
    std::int64_t next_slot_ = 0;
    std::int64_t counted_ = 0;  // spans or slots
    VirtualClock::time_point on_{};
    VirtualClock::time_point off_{};
    std::optional<PeriodicSpans::TimeSpan> ahead_;  // the span after it, once it was looked at
    bool over_ = false;                             // there is none after it
};

/// The presence of a device by its pattern.  \param pattern  null: always on.
Presence presence_of(const AvailabilityProfile* pattern, std::uint64_t seed, std::int32_t device);

/// Reads lines `device,on_s,off_s` (numbers; a header line may come first) whose spans repeat after
/// `period_s`.  Devices are numbered from 0; a fleet with more devices than rows starts over.
///
/// \throws DataError    naming file and line: a span that is empty, overlaps the one before or ends
///                      after the period.
/// \throws ConfigError  when the period is below a nanosecond or above 200 years.
AvailabilityTrace read_availability_trace(const std::string& path, double period_s);
/// The same from text; `name` stands for the path.
AvailabilityTrace parse_availability_trace(std::string_view text,
                                           const std::string& name,
                                           double period_s);

}  // namespace mobi
