// SPDX-License-Identifier: Apache-2.0
#include "app/summary.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/text.hpp"
#include "method/method.hpp"

namespace mobi {
namespace {

double seconds(VirtualClock::time_point time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::string scores(const FleetPlan& plan, std::string_view title, const EvaluationResult& result) {
    std::string text;
    for (const EvaluationResult::Row& row : result.rows) {
        const std::string name = row.backbone < 0
                                     ? "whole fleet"
                                     : plan.backbones[static_cast<std::size_t>(row.backbone)].name;
        text += fmt::format("{:<18} {} {:.2f}   loss {:.4f}\n", text.empty() ? title : "",
                            fmt::format("{:<14}", name), row.metric, row.loss);
    }
    return text;
}

std::string last_scores(const FleetPlan& plan, const ServerResult& result) {
    if (result.evaluations.empty()) return "accuracy           not evaluated\n";
    if (result.tests.empty()) return scores(plan, "at the end", result.evaluations.back());
    EvaluationResult fleet = result.evaluations.back();  // of one set after the other: short
    fleet.rows.erase(fleet.rows.begin(), fleet.rows.end() - 1);
    std::string text = scores(plan, "validation, last", fleet);
    for (const TestResult& one : result.tests)
        text += one.weights == TestedWeights::Last
                    ? scores(plan, "test, last", one.scores)
                    : scores(plan, "test, best weights", one.scores) +
                          fmt::format("{:<18} best on validation after {} of {} updates\n", "",
                                      one.scores.updates, result.updates);
    return text;
}

}  // namespace

double time_to_target_s(const EvalParameters& eval, const ServerResult& result) {
    int in_a_row = 0;
    double first = std::numeric_limits<double>::quiet_NaN();
    if (eval.target <= 0) return first;
    for (const EvaluationResult& evaluation : result.evaluations) {
        const bool reached = evaluation.rows.back().metric >= eval.target;
        in_a_row = reached ? in_a_row + 1 : 0;
        if (in_a_row == 1) first = seconds(evaluation.time);
        if (in_a_row >= eval.consecutive) return first;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

std::string summary_text(const FleetPlan& plan,
                         const Method& method,
                         const EvalParameters& eval,
                         const ServerResult& result,
                         const SummaryFacts& facts) {
    std::string text = fmt::format(
        "method             {}\nfleet              {} of {} devices admitted, {} samples\n",
        method.name(), plan.admitted_devices(), plan.devices.size(), plan.admitted_samples());
    text += fmt::format("virtual time       {} to the last of {} updates, {} with downloads\n",
                        human_seconds(seconds(result.training_end)), result.updates,
                        human_seconds(seconds(result.run_end)));
    text += facts.outlook;
    const double end = seconds(result.training_end);
    text += fmt::format("server             busy {} ({:.1f} % of the virtual time)\n",
                        human_seconds(result.server_busy_s),
                        end > 0 ? 100 * result.server_busy_s / end : 0.0);
    text += fmt::format("charged            {} up, {} down, {} on the devices\n",
                        human(static_cast<double>(result.charged_upload_bytes), "B"),
                        human(static_cast<double>(result.charged_download_bytes), "B"),
                        human(result.charged_flop, "FLOP"));
    if (result.missing_packets > 0)
        text += fmt::format("never arrived      {} packets, or too late\n", result.missing_packets);
    if (result.missing_downloads > 0)
        text += fmt::format("without download   {} devices, which never come back for it\n",
                            result.missing_downloads);
    if (result.skipped_updates > 0)
        text +=
            fmt::format("skipped            {} updates, whose loss or gradient was not finite\n",
                        result.skipped_updates);
    if (eval.patience > 0)
        text += result.updates < result.updates_planned
                    ? fmt::format(
                          "stopped early      after {} of {} updates: {} evaluations on "
                          "validation without a better one\n",
                          result.updates, result.updates_planned, eval.patience)
                    : fmt::format("stopped early      no: all {} updates\n", result.updates);
    text += last_scores(plan, result);
    if (eval.target > 0) {
        const double reached = time_to_target_s(eval, result);
        text += fmt::format("time to {:.1f} %     {}\n", eval.target,
                            std::isnan(reached) ? "never" : human_seconds(reached));
    }
    if (facts.paced)
        text += fmt::format("wall clock         paced for {}, {} deadlines missed{}\n",
                            human_seconds(facts.paced_s), facts.overruns,
                            facts.overruns == 0
                                ? std::string()
                                : ", the worst by " + human_seconds(facts.worst_overrun_s));
    text += fmt::format("wall time          {}", human_seconds(facts.wall_s));
    if (facts.forward_tokens_per_s > 0)
        text +=
            fmt::format(", forward passes {:.0f} tokens/s a thread", facts.forward_tokens_per_s);
    if (facts.forward_peak_share > 0)
        text += fmt::format(" ({:.0f} % of the GEMM peak)", 100 * facts.forward_peak_share);
    return text + fmt::format("\nrun file           {}\n", facts.output);
}

}  // namespace mobi
