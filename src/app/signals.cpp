// SPDX-License-Identifier: Apache-2.0
#include "app/signals.hpp"

#include <csignal>

namespace mobi {
namespace {

volatile std::sig_atomic_t caught = 0;  // the only thing that a handler may touch

extern "C" void remember(int signal) {
    caught = signal;
}

}  // namespace

void catch_signals() {
    std::signal(SIGTERM, remember);
    std::signal(SIGINT, remember);
    if (std::signal(SIGHUP, remember) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
}

void throw_if_interrupted() {
    if (caught != 0) throw Interrupted(caught);
}

}  // namespace mobi
