// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/check.hpp"
#include "core/paced_clock.hpp"
#include "crew/server_pace.hpp"

namespace mobi {

/// What a pace missed.
struct Overruns {
    std::int64_t count = 0;
    WallClock::duration worst{};

    void note(WallClock::duration late) {
        ++count;
        worst = std::max(worst, late);
    }
};

/// The server's pace under the wall clock (docs/design.md 4.3): its work lasts as long as the model
/// says, or as long as the host took where that was more.
class WallPace final : public ServerPace {
  public:
    /// What is to be done meanwhile.
    struct Hooks {
        /// Prepares the start.  \return  when the pace begins; null: at once.
        std::function<WallClock::time_point(VirtualClock::time_point from)> start;
        /// Does what there is to do, for at most so long.
        std::function<void(WallClock::duration)> pump;
    };

    /// \param time_scale  virtual seconds per real second.
    /// \param look        longest wait between two looks at what is waited for.
    WallPace(double time_scale, WallClock::duration look, Hooks hooks);

    // ServerPace
    void begin(VirtualClock::time_point from) override;
    VirtualClock::time_point finish(std::int64_t update,
                                    VirtualClock::time_point planned,
                                    const std::function<bool()>& done) override;
    void wait_until(VirtualClock::time_point time) override;

    /// Pumps until `time`, at least once.
    void pass(VirtualClock::time_point time);
    /// Pumps while something is waited for.
    void pump() { hooks_.pump(look_); }

    bool has_begun() const noexcept { return clock_.has_value(); }
    /// \pre  the pace has begun.
    const PacedClock& clock() const {
        MOBI_CHECK(clock_.has_value(), "the pace has not begun");
        return *clock_;
    }
    /// Real time from the start of the pace to the last wait_until().
    double paced_s() const noexcept { return paced_s_; }
    /// Of the server's own work.
    const Overruns& overruns() const noexcept { return overruns_; }

  private:
    double time_scale_;
    WallClock::duration look_;
    Hooks hooks_;
    std::optional<PacedClock> clock_;  // once the pace has begun
    double paced_s_ = 0;
    Overruns overruns_;
};

}  // namespace mobi
