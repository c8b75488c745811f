// SPDX-License-Identifier: Apache-2.0
#include "core/signals.hpp"

#include <csignal>
#include <ctime>

#include <fmt/format.h>
#include <unistd.h>

namespace mobi {
namespace {

// The only things that a handler may touch.
volatile std::sig_atomic_t caught = 0;
timespec caught_at{};

/// mpirun may pass one Ctrl-C on as two signals: those come together.
bool is_the_same_wish(const timespec& now) {
    return static_cast<double>(now.tv_sec - caught_at.tv_sec) +
               1e-9 * static_cast<double>(now.tv_nsec - caught_at.tv_nsec) <
           0.5;
}

extern "C" void remember(int signal) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (caught == 0) {
        caught_at = now;
        caught = signal;
    } else if (!is_the_same_wish(now)) {
        constexpr std::string_view kText = "fedmobillm: a second signal does not wait\n";
        if (write(STDERR_FILENO, kText.data(), kText.size()) < 0) _exit(128 + signal);
        _exit(128 + signal);
    }
}

}  // namespace

Interrupted::Interrupted(int signal, std::string_view state)
    : Error(fmt::format("{}; {}", signal == SIGINT ? "interrupted" : "terminated", state),
            128 + signal) {}

void catch_signals() {
    std::signal(SIGTERM, remember);
    std::signal(SIGINT, remember);
    if (std::signal(SIGHUP, remember) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
}

void throw_if_interrupted(std::string_view state) {
    if (caught != 0) throw Interrupted(caught, state);
}

}  // namespace mobi
