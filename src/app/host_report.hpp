// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "app/summary.hpp"
#include "record/schema.hpp"
#include "server/live_source.hpp"
#include "server/paced_fleet.hpp"
#include "server/paced_source.hpp"
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
std::vector<record::HostRow> pace_rows(const PacedSource& source, SummaryFacts& facts);
/// Likewise, of tasks that were assigned during the run: rank 0 keeps the pace of all.
std::vector<record::HostRow> pace_rows(const PacedFleet& fleet, SummaryFacts& facts);

}  // namespace mobi
