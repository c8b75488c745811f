// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "app/summary.hpp"
#include "crew/live_source.hpp"
#include "crew/wall_pace.hpp"
#include "messages/pace_plan.hpp"
#include "schema/schema.hpp"
#include "server/server_loop.hpp"

namespace mobi {

/// Rank 0's own rows of `/host`: training, evaluation, and the whole process up to now.
std::vector<record::HostRow> server_host_rows(const ServerResult& result, double wall_s);

/// All rows of `/host`: the workers' forward passes by backbone, every process, the server.  Fills
/// the figures of `facts` that come from them.
std::vector<record::HostRow> host_rows(const LiveSource& source,
                                       const std::map<int, WorkerReport>& reports,
                                       const ServerResult& result,
                                       SummaryFacts& facts);

/// The rows of `/host` that the wall clock adds: how each rank kept the pace.
/// \param devices  what rank 0 missed of the devices' times, where it keeps them.
/// \param workers  by rank; empty where rank 0 keeps the pace of all.
std::vector<record::HostRow> pace_rows(const WallPace& pace,
                                       const Overruns& devices,
                                       const std::map<int, PaceReport>& workers,
                                       SummaryFacts& facts);

}  // namespace mobi
