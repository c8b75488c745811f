// SPDX-License-Identifier: Apache-2.0
#include "core/thread_priority.hpp"

#include <sched.h>
#include <sys/prctl.h>

namespace mobi {
namespace {

constexpr unsigned long kFineSlackNs = 1000;
constexpr unsigned long kUsualSlack = 0;  // the process's own

}  // namespace

bool set_thread_priority(ThreadPriority priority) noexcept {
    const bool punctual = priority == ThreadPriority::Punctual;
    sched_param parameter{};
    parameter.sched_priority = punctual ? sched_get_priority_min(SCHED_RR) : 0;
    const int policy = punctual                                 ? SCHED_RR
                       : priority == ThreadPriority::Background ? SCHED_IDLE
                                                                : SCHED_OTHER;
    prctl(PR_SET_TIMERSLACK, punctual ? kFineSlackNs : kUsualSlack);
    return sched_setscheduler(0, policy, &parameter) == 0;
}

}  // namespace mobi
