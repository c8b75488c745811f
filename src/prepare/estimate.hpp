// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "prepare/run_preparation.hpp"

namespace mobi {

/// What a run would take, for people, at most 30 lines: virtual duration, charged bytes and FLOPs
/// (exact: the timeline is a closed form), devices refused and why, the host's FLOPs, the size of
/// the run file and memory (close), wall time (a guess from a stated speed).
std::string estimate_text(const PreparedRun& run);

}  // namespace mobi
