// SPDX-License-Identifier: Apache-2.0
#include "app/host_report.hpp"

#include <algorithm>
#include <limits>

#include "core/process_usage.hpp"

namespace mobi {
namespace {

record::HostRow host_row(int rank, record::HostPhase phase) {
    record::HostRow row{};
    row.rank = rank;
    row.phase = static_cast<std::int32_t>(phase);
    row.backbone = -1;
    row.peak_flop_per_s = std::numeric_limits<double>::quiet_NaN();
    return row;
}

}  // namespace

std::vector<record::HostRow> server_host_rows(const ServerResult& result, double wall_s) {
    record::HostRow training = host_row(0, record::HostPhase::Training);
    training.wall_s = result.training_wall_s;
    record::HostRow evaluation = host_row(0, record::HostPhase::Evaluation);
    evaluation.wall_s = result.evaluation_wall_s;
    record::HostRow total = host_row(0, record::HostPhase::Total);
    total.wall_s = wall_s;
    const ProcessUsage usage = process_usage();
    total.cpu_s = usage.cpu_s;
    total.peak_rss_bytes = usage.peak_rss_bytes;
    total.threads = 1;
    return {training, evaluation, total};
}

std::vector<record::HostRow> host_rows(const LiveSource& source,
                                       const std::map<int, WorkerReport>& reports,
                                       const ServerResult& result,
                                       SummaryFacts& facts) {
    std::vector<record::HostRow> rows;
    double wall = 0;
    double flop = 0;
    double possible_flop = 0;
    std::int64_t tokens = 0;
    for (const auto& [key, total] : source.replies().totals()) {
        const auto& [rank, backbone, kind] = key;
        record::HostRow row =
            host_row(rank, kind == PacketKind::Upload ? record::HostPhase::Forward
                                                      : record::HostPhase::EvaluationForward);
        row.backbone = backbone;
        row.wall_s = total.sum.wall_s;
        row.cpu_s = total.sum.cpu_s;
        row.done_flop = total.sum.counts.done_flop;
        row.tokens = total.sum.counts.tokens;
        row.samples = total.sum.counts.samples;
        row.wire_bytes = total.sum.wire_bytes;
        row.groups = total.requests;
        if (total.sum.peak_flop_per_s > 0) row.peak_flop_per_s = total.sum.peak_flop_per_s;
        const auto report = reports.find(rank);
        row.threads = report == reports.end() ? 1 : report->second.threads;
        row.wall_s /= row.threads;  // elapsed: requests were timed one by one
        rows.push_back(row);
        wall += total.sum.wall_s;
        tokens += total.sum.counts.tokens;
        flop += total.sum.counts.done_flop;
        possible_flop += total.sum.peak_flop_per_s * total.sum.wall_s;
    }
    for (const auto& [rank, report] : reports) {
        record::HostRow row = host_row(rank, record::HostPhase::Total);
        row.wall_s = report.wall_s;
        row.cpu_s = report.cpu_s;
        row.peak_rss_bytes = report.peak_rss_bytes;
        row.threads = report.threads;
        rows.push_back(row);
    }
    const std::vector<record::HostRow> server = server_host_rows(result, facts.wall_s);
    rows.insert(rows.end(), server.begin(), server.end());
    if (wall > 0) facts.forward_tokens_per_s = static_cast<double>(tokens) / wall;
    if (possible_flop > 0) facts.forward_peak_share = flop / possible_flop;
    return rows;
}

std::vector<record::HostRow> pace_rows(const WallPace& pace,
                                       const Overruns& devices,
                                       const std::map<int, PaceReport>& workers,
                                       SummaryFacts& facts) {
    std::vector<record::HostRow> rows;
    facts.paced = true;
    facts.paced_s = pace.paced_s();
    const auto add = [&](record::HostRow row) {
        row.threads = 1;
        facts.overruns += row.overruns;
        facts.worst_overrun_s = std::max(facts.worst_overrun_s, row.worst_overrun_s);
        rows.push_back(row);
    };
    record::HostRow server = host_row(0, record::HostPhase::Pacing);
    server.wall_s = pace.paced_s();
    server.overruns = pace.overruns().count + devices.count;
    server.worst_overrun_s = std::max(pace.overruns().worst, devices.worst).count();
    add(server);
    for (const auto& [rank, report] : workers) {
        record::HostRow row = host_row(rank, record::HostPhase::Pacing);
        row.wall_s = report.wall_s;
        row.cpu_s = report.cpu_s;
        row.wire_bytes = report.wire_bytes;
        row.overruns = report.overruns;
        row.worst_overrun_s = report.worst_overrun_s;
        add(row);
    }
    return rows;
}

}  // namespace mobi
