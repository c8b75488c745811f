// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/truth.hpp"
#include "method/device_costs.hpp"
#include "method/fleet_plan.hpp"
#include "method/learner.hpp"
#include "method/protocol.hpp"
#include "method/run_fleet.hpp"
#include "schema/schema.hpp"
#include "server/downloads.hpp"

namespace mobi {

/// Rows of the run file (record/schema.hpp) made from what the server knows.
record::UploadRow upload_row(const Delivery& delivery, std::int64_t index);

/// The rows of `/losses`.
std::vector<record::LossRow> loss_rows(std::span<const LostWork> lost);
/// The rows of `/downloads`.
std::vector<record::DownloadRow> download_rows(std::span<const Download> downloads);
std::vector<record::CostRow> cost_rows(std::span<const DeviceCosts> costs);
record::UpdateRow update_row(const Step& step, std::int64_t first_sample);
/// The rows of `/tasks`.
std::vector<record::TaskRow> task_rows(std::span<const TaskRecord> tasks);
/// \param assigned  tasks since the aggregation before.
record::RoundRow round_row(const Step& step, std::int64_t assigned);
record::TrainingRow training_row(const StepResult& result);
/// The rows of `/diagnostics`.
std::vector<record::MixupRow> mixup_rows(const StepResult& result);

std::vector<record::DiagnosticRow> diagnostic_rows(const StepResult& result);
std::vector<record::VerdictRow> verdict_rows(const Verdict& verdict);
std::vector<record::EvaluationRow> evaluation_rows(const EvaluationResult& result);
std::vector<record::TestScoreRow> test_score_rows(const TestResult& result);

/// `/devices`.  Profiles and links are numbered as in `profile_names` and `link_names`.
std::vector<record::DeviceRow> device_rows(const FleetPlan& plan,
                                           std::span<const Delivery> deliveries,
                                           const Leftovers& leftovers,
                                           std::span<const std::string> profile_names,
                                           std::span<const std::string> link_names);
/// `/backbones`.  Families are numbered as in `family_names`.
std::vector<record::BackboneRow> backbone_rows(const FleetPlan& plan,
                                               std::span<const std::string> family_names);
/// `/samples`.  \param targets  regression only, else empty.
std::vector<record::SampleRow> sample_rows(const FleetPlan& plan, const Truth& truth);

/// The distinct names in the order of first appearance.
std::vector<std::string> profile_names(const FleetPlan& plan);
std::vector<std::string> link_names(const FleetPlan& plan);
std::vector<std::string> family_names(const FleetPlan& plan);

}  // namespace mobi
