// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tuple>

#include "core/clock.hpp"
#include "server/server_loop.hpp"

namespace mobi {

/// One line on stderr with rate and time left: rewritten in place on a terminal, every half minute
/// elsewhere.
class Progress {
  public:
    /// \param silence  what is to be said of a rank that is not heard of, else empty; asked when a
    ///                 line is due.
    explicit Progress(std::function<std::string()> silence = {});

    /// A line that says the same for long says so.
    /// \param samples_done, samples_planned  forward passes; 0 of 0 when there are none.
    void show(const ServerProgress& server,
              std::int64_t samples_done,
              std::int64_t samples_planned);

    /// Ends the line, so that what follows begins on its own.
    void finish();

  private:
    bool terminal_;
    bool open_ = false;
    WallClock::time_point start_;
    WallClock::time_point next_;
    std::function<std::string()> silence_;
    std::tuple<std::int64_t, std::int64_t, VirtualClock::time_point> last_{};  // shown or looked at
    WallClock::time_point changed_;                                            // since then
};

}  // namespace mobi
