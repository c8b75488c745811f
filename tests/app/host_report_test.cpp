// SPDX-License-Identifier: Apache-2.0
#include "app/host_report.hpp"

#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "messages/tags.hpp"
#include "messages/work_request.hpp"
#include "method/plans.hpp"

namespace mobi::test {
namespace {

using record::HostPhase;
using record::HostRow;

/// Only the workers' answers.
class AnsweredSource final : public LiveSource {
  public:
    AnsweredSource() : plan_(two_devices()), replies_(plan_, tokens_, {}) {}

    void answer(int worker, const WorkReport& report) {
        replies_.expect(worker);
        replies_.handle({worker, kTagDone, encode_report(report)}, [](const Packet&) {});
    }

    Payload take(std::int64_t) override { throw Bug("nothing is taken"); }
    std::shared_ptr<const EvaluationData> evaluation() override { return nullptr; }
    std::map<int, WorkerReport> stop() override { return {}; }
    const WorkerReplies& replies() const override { return replies_; }
    std::int64_t samples_planned() const override { return 0; }

  private:
    FleetPlan plan_;
    TokenTable tokens_;
    WorkerReplies replies_;
};

WorkReport report_of(std::int32_t backbone, PacketKind kind, double wall_s, std::int64_t tokens) {
    WorkReport report;
    report.backbone = backbone;
    report.kind = kind;
    report.wall_s = wall_s;
    report.cpu_s = 2 * wall_s;
    report.wire_bytes = 1000;
    report.counts.tokens = tokens;
    report.counts.samples = tokens / 10;
    report.counts.done_flop = 1e6 * static_cast<double>(tokens);
    return report;
}

std::vector<HostRow> of_phase(const std::vector<HostRow>& rows, HostPhase phase) {
    std::vector<HostRow> found;
    for (const HostRow& row : rows)
        if (row.phase == static_cast<std::int32_t>(phase)) found.push_back(row);
    return found;
}

TEST(ServerHostRowsTest, AreTrainingEvaluationAndAll) {
    ServerResult result;
    result.training_wall_s = 3;
    result.evaluation_wall_s = 0.5;
    const auto rows = server_host_rows(result, 8);
    ASSERT_EQ(rows.size(), 3U);
    for (const HostRow& row : rows) {
        EXPECT_EQ(row.rank, 0);
        EXPECT_EQ(row.backbone, -1) << "not of one backbone";
        EXPECT_TRUE(std::isnan(row.peak_flop_per_s)) << "not measured";
    }
    EXPECT_EQ(rows[0].phase, static_cast<std::int32_t>(HostPhase::Training));
    EXPECT_EQ(rows[0].wall_s, 3);
    EXPECT_EQ(rows[1].phase, static_cast<std::int32_t>(HostPhase::Evaluation));
    EXPECT_EQ(rows[1].wall_s, 0.5);
    EXPECT_EQ(rows[2].phase, static_cast<std::int32_t>(HostPhase::Total));
    EXPECT_EQ(rows[2].wall_s, 8);
    EXPECT_GT(rows[2].cpu_s, 0) << "this process has run";
    EXPECT_GT(rows[2].peak_rss_bytes, 1'000'000);
    EXPECT_EQ(rows[2].threads, 1);
}

TEST(HostRowsTest, AddUpTheWorkersReportsByBackboneAndKind) {
    AnsweredSource source;
    source.answer(1, report_of(0, PacketKind::Upload, 2, 100));
    source.answer(1, report_of(0, PacketKind::Upload, 4, 300));
    source.answer(1, report_of(1, PacketKind::Upload, 1, 50));
    source.answer(2, report_of(0, PacketKind::Upload, 3, 70));
    source.answer(2, report_of(0, PacketKind::Evaluation, 5, 500));
    SummaryFacts facts;
    facts.wall_s = 20;
    const std::map<int, WorkerReport> reports{{1, {10, 18, 5000, 2}}, {2, {11, 9, 6000, 1}}};
    const auto rows = host_rows(source, reports, ServerResult(), facts);

    const auto forward = of_phase(rows, HostPhase::Forward);
    ASSERT_EQ(forward.size(), 3U);
    EXPECT_EQ(forward[0].rank, 1);
    EXPECT_EQ(forward[0].backbone, 0);
    EXPECT_EQ(forward[0].groups, 2);
    EXPECT_EQ(forward[0].tokens, 400);
    EXPECT_EQ(forward[0].samples, 40);
    EXPECT_EQ(forward[0].wire_bytes, 2000);
    EXPECT_EQ(forward[0].done_flop, 4e8);
    EXPECT_EQ(forward[0].threads, 2);
    EXPECT_EQ(forward[0].wall_s, 3) << "6 s of requests in two threads";
    EXPECT_EQ(forward[0].cpu_s, 12) << "which all of them took";
    EXPECT_TRUE(std::isnan(forward[0].peak_flop_per_s));
    EXPECT_EQ(forward[1].backbone, 1);
    EXPECT_EQ(forward[1].wall_s, 0.5);
    EXPECT_EQ(forward[2].rank, 2);
    EXPECT_EQ(forward[2].wall_s, 3);

    const auto evaluation = of_phase(rows, HostPhase::EvaluationForward);
    ASSERT_EQ(evaluation.size(), 1U);
    EXPECT_EQ(evaluation[0].rank, 2);
    EXPECT_EQ(evaluation[0].tokens, 500);

    const auto total = of_phase(rows, HostPhase::Total);
    ASSERT_EQ(total.size(), 3U) << "of both workers and the server";
    EXPECT_EQ(total[0].rank, 1);
    EXPECT_EQ(total[0].wall_s, 10);
    EXPECT_EQ(total[0].cpu_s, 18);
    EXPECT_EQ(total[0].peak_rss_bytes, 5000);
    EXPECT_EQ(total[0].threads, 2);
    EXPECT_EQ(total[1].rank, 2);
    EXPECT_EQ(total[2].rank, 0);
    EXPECT_EQ(total[2].wall_s, 20);
    EXPECT_EQ(of_phase(rows, HostPhase::Training).size(), 1U);
    EXPECT_EQ(of_phase(rows, HostPhase::Evaluation).size(), 1U);
}

TEST(HostRowsTest, ASpeedIsThatOfOneThread) {
    AnsweredSource source;
    WorkReport report = report_of(0, PacketKind::Upload, 2, 100);
    report.peak_flop_per_s = 1e8;
    source.answer(1, report);
    report = report_of(1, PacketKind::Evaluation, 3, 150);
    report.peak_flop_per_s = 0.5e8;
    source.answer(2, report);
    SummaryFacts facts;
    const auto rows =
        host_rows(source, {{1, {0, 0, 0, 4}}, {2, {0, 0, 0, 1}}}, ServerResult(), facts);
    EXPECT_DOUBLE_EQ(facts.forward_tokens_per_s, 250 / 5.0);
    // 250 tokens of a MFLOP, where 2 s x 100 MFLOP/s + 3 s x 50 MFLOP/s were possible
    EXPECT_DOUBLE_EQ(facts.forward_peak_share, 250 / 350.0);
    EXPECT_EQ(of_phase(rows, HostPhase::Forward)[0].peak_flop_per_s, 1e8);
}

TEST(HostRowsTest, AWorkerWithoutAReportHasOneThread) {
    AnsweredSource source;
    source.answer(1, report_of(0, PacketKind::Upload, 2, 100));
    SummaryFacts facts;
    const auto rows = host_rows(source, {}, ServerResult(), facts);
    EXPECT_EQ(of_phase(rows, HostPhase::Forward).at(0).threads, 1);
    EXPECT_EQ(of_phase(rows, HostPhase::Forward).at(0).wall_s, 2);
}

TEST(HostRowsTest, WithoutForwardPassesNoSpeedIsKnown) {
    const AnsweredSource source;
    SummaryFacts facts;
    EXPECT_EQ(host_rows(source, {}, ServerResult(), facts).size(), 3U) << "those of the server";
    EXPECT_EQ(facts.forward_tokens_per_s, 0);
    EXPECT_EQ(facts.forward_peak_share, 0);
}

TEST(PaceRowsTest, TellHowEachRankKeptThePace) {
    WallPace pace(1000, WallClock::duration(1e-3), {{}, [](WallClock::duration patience) {
                                                        std::this_thread::sleep_for(patience);
                                                    }});
    pace.begin({});
    pace.wait_until(VirtualClock::time_point(std::chrono::seconds(5)));
    Overruns devices;
    devices.note(WallClock::duration(0.25));
    devices.note(WallClock::duration(0.125));
    std::map<int, PaceReport> workers;
    workers[1] = {3, 1, 4000, 7, 0.5};
    workers[4] = {2, 1, 5000, 0, 0};
    SummaryFacts facts;
    const auto rows = pace_rows(pace, devices, workers, facts);
    ASSERT_EQ(rows.size(), 3U);
    for (const HostRow& row : rows) {
        EXPECT_EQ(row.phase, static_cast<std::int32_t>(HostPhase::Pacing));
        EXPECT_EQ(row.threads, 1);
        EXPECT_EQ(row.backbone, -1);
    }
    EXPECT_EQ(rows[0].rank, 0);
    EXPECT_EQ(rows[0].overruns, 2) << "the server itself missed none";
    EXPECT_EQ(rows[0].worst_overrun_s, 0.25);
    EXPECT_EQ(rows[0].wall_s, pace.paced_s());
    EXPECT_EQ(rows[1].rank, 1);
    EXPECT_EQ(rows[1].wall_s, 3);
    EXPECT_EQ(rows[1].cpu_s, 1);
    EXPECT_EQ(rows[1].wire_bytes, 4000);
    EXPECT_EQ(rows[1].overruns, 7);
    EXPECT_EQ(rows[1].worst_overrun_s, 0.5);
    EXPECT_EQ(rows[2].rank, 4);
    EXPECT_TRUE(facts.paced);
    EXPECT_EQ(facts.paced_s, pace.paced_s());
    EXPECT_EQ(facts.overruns, 9);
    EXPECT_EQ(facts.worst_overrun_s, 0.5);
}

}  // namespace
}  // namespace mobi::test
