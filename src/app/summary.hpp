// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "method/method.hpp"
#include "method/server_parameters.hpp"
#include "server/server_loop.hpp"

namespace mobi {

/// What a run says when it ends, at most 30 lines: how much of the fleet took part, virtual and
/// wall time and what bounds it, what was charged, accuracy per backbone type, time to target, the
/// file.
struct SummaryFacts {
    std::string output;
    double wall_s = 0;
    double forward_tokens_per_s = 0;  ///< real tokens, per compute thread; 0 = unknown
    double forward_peak_share = 0;    ///< of the GEMM peak; 0 = unknown
    bool paced = false;               ///< wall clock
    double paced_s = 0;               ///< real time from the start of the pace to its end
    std::int64_t overruns = 0;        ///< deadlines that the host missed
    double worst_overrun_s = 0;       ///< real time
    std::string outlook;              ///< whole lines: outlook_text()
};
std::string summary_text(const FleetPlan& plan,
                         const Method& method,
                         const EvalParameters& eval,
                         const ServerResult& result,
                         const SummaryFacts& facts);

/// Virtual seconds of the first of `eval.consecutive` evaluations in a row at `eval.target` percent
/// or above; NaN if there is none or no target.  docs/method.md 5.2.
double time_to_target_s(const EvalParameters& eval, const ServerResult& result);

}  // namespace mobi
