// SPDX-License-Identifier: Apache-2.0
#include "app/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "core/text.hpp"

namespace mobi {
namespace {

constexpr WallClock::duration kTerminalPeriod(0.5);
constexpr WallClock::duration kFirstPlain(10);
constexpr WallClock::duration kPlainPeriod(30);
constexpr WallClock::duration kIdle(10);  // without progress

double share(std::int64_t done, std::int64_t planned) {
    return planned > 0 ? static_cast<double>(done) / static_cast<double>(planned) : 1;
}

}  // namespace

Progress::Progress(std::function<std::string()> silence)
    : terminal_(isatty(STDERR_FILENO) != 0),
      start_(WallClock::now()),
      next_(start_ + (terminal_ ? kTerminalPeriod : kFirstPlain)),
      silence_(std::move(silence)),
      changed_(start_) {}

void Progress::show(const ServerProgress& server,
                    std::int64_t samples_done,
                    std::int64_t samples_planned) {
    const WallClock::time_point now = WallClock::now();
    const std::tuple state(samples_done, server.updates, server.now);
    if (std::exchange(last_, state) != state) changed_ = now;
    if (now < next_) return;
    next_ = now + (terminal_ ? kTerminalPeriod : kPlainPeriod);
    const double elapsed = (now - start_).count();
    const double done = std::min(share(samples_done, samples_planned),
                                 share(server.updates, server.updates_planned));
    const double forward = share(samples_done, samples_planned);
    // Forward passes are nearly all of the work until they are done.
    const double basis = samples_planned > 0 && forward < 1 ? forward : done;
    std::string text = fmt::format(
        "{:3.0f} %  samples {}/{} ({:.0f}/s)  updates {}/{}  virtual {}", 100 * basis, samples_done,
        samples_planned, elapsed > 0 ? static_cast<double>(samples_done) / elapsed : 0.0,
        server.updates, server.updates_planned,
        human_seconds(std::chrono::duration<double>(server.now.time_since_epoch()).count()));
    const WallClock::duration idle = now - changed_;
    const std::string silence = silence_ ? silence_() : "";
    if (!silence.empty())
        text += "  " + silence;
    else if (idle >= kIdle)
        text += fmt::format("  no progress for {:.0f} s", idle.count());
    else if (basis > 0.02)
        text += fmt::format("  {} left", human_seconds(elapsed * (1 / basis - 1)));
    if (terminal_)
        fmt::print(stderr, "\r\x1b[K{}", text);
    else
        fmt::print(stderr, "{}\n", text);
    std::fflush(stderr);
    open_ = terminal_;
}

void Progress::finish() {
    if (open_) fmt::print(stderr, "\r\x1b[K");
    open_ = false;
}

}  // namespace mobi
