// SPDX-License-Identifier: Apache-2.0
#include "server/record_rows.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/check.hpp"
#include "device/compute_model.hpp"

namespace mobi {
namespace {

std::int64_t ns(VirtualClock::time_point time) {
    return time.time_since_epoch().count();
}

std::int32_t index_of(std::span<const std::string> names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    MOBI_CHECK(found != names.end(), "{} has no number", name);
    return static_cast<std::int32_t>(found - names.begin());
}

void add_new(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// The enumeration first, last, mean is that of `/backbones` (record/schema.hpp).
std::int32_t pivot_number(Pivot pivot) {
    switch (pivot) {
        case Pivot::First:
            return 0;
        case Pivot::Last:
            return 1;
        case Pivot::Mean:
            return 2;
        case Pivot::Auto:
            break;
    }
    throw Bug("an unresolved pivot");
}

/// The figures that the device's computations are timed with.
void set_compute(const DevicePlan& device, const BackbonePlan& backbone, record::DeviceRow& row) {
    const DeviceProfile& profile = device.profile;
    const bool per_sample = !std::isnan(profile.time_per_sample_s);
    const auto law = per_sample ? std::nullopt : law_of(profile, backbone.weight_dtype);
    row.start_up_s = profile.t0_s + (law ? law->t0_s : 0);
    row.launch_s = law ? law->launch_s : 0;
    row.launches = forward_launches(backbone.size);
    row.rate_flop_per_s =
        per_sample ? kUnknown : rate_flop_per_s(profile, backbone.weight_dtype).value_or(kUnknown);
    row.memory_bandwidth_bytes_per_s = per_sample ? kUnknown : profile.memory_bandwidth_bytes_per_s;
    row.law_error = kUnknown;
    if (const LawFit* const fit = per_sample ? nullptr : fit_of(profile, backbone.weight_dtype))
        row.law_error =
            *std::max_element(fit->residuals.begin(), fit->residuals.end(),
                              [](double a, double b) { return std::abs(a) < std::abs(b); });
}

}  // namespace

record::UploadRow upload_row(const Delivery& delivery, std::int64_t index) {
    record::UploadRow row{};
    row.upload = static_cast<std::int32_t>(index);
    row.device = delivery.device;
    row.packet = delivery.packet;
    row.samples = static_cast<std::int32_t>(delivery.samples.size());
    row.tokens = delivery.tokens;
    row.padded_tokens = delivery.padded_tokens;
    row.compute_start_ns = ns(delivery.times.compute_start);
    row.compute_end_ns = ns(delivery.times.compute_end);
    row.send_start_ns = ns(delivery.times.send_start);
    row.send_end_ns = ns(delivery.times.send_end);
    row.arrival_ns = ns(delivery.times.arrival);
    row.charged_bytes = delivery.charged_bytes;
    row.repeated_bytes = delivery.repeated_bytes;
    row.charged_flop = delivery.charged_flop;
    row.compute_energy_j = delivery.compute_energy_j;
    row.send_energy_j = delivery.send_energy_j;
    row.overrun_ns = delivery.overrun.count();
    row.outcome = static_cast<std::int8_t>(record::Outcome::Delivered);
    row.task = delivery.task.value();
    row.round = delivery.round;
    row.content = static_cast<std::int8_t>(delivery.content);
    return row;
}

std::vector<record::LossRow> loss_rows(std::span<const LostWork> lost) {
    std::vector<record::LossRow> rows;
    rows.reserve(lost.size());
    for (const LostWork& one : lost) {
        record::LossRow row{};
        row.device = one.device;
        row.packet = one.packet;
        row.stage = static_cast<std::int8_t>(one.stage);
        row.start_ns = ns(one.start);
        row.end_ns = ns(one.end);
        row.charged_bytes = one.charged_bytes;
        row.recalled = one.recalled ? 1 : 0;
        rows.push_back(row);
    }
    return rows;
}

std::vector<record::CostRow> cost_rows(std::span<const DeviceCosts> costs) {
    std::vector<record::CostRow> rows;
    rows.reserve(costs.size());
    for (const DeviceCosts& one : costs) {
        record::CostRow row{};
        row.device = one.device;
        row.tokens = one.tokens;
        row.charged_flop = one.flop;
        row.tap_bytes = one.tap_bytes;
        row.scale_bytes = one.scale_bytes;
        row.residual_bytes = one.residual_bytes;
        row.label_bytes = one.label_bytes;
        row.header_bytes = one.header_bytes;
        row.repeated_bytes = one.repeated_bytes;
        row.vain_bytes = one.vain_bytes;
        row.compute_ns = one.compute.count();
        row.send_ns = one.send.count();
        row.both_ns = one.both.count();
        row.wait_ns = one.wait.count();
        row.off_ns = one.off.count();
        row.done_ns = one.done.count();
        row.compute_energy_j = one.compute_j;
        row.send_energy_j = one.send_j;
        row.wait_energy_j = one.wait_j;
        row.update_bytes = one.update_bytes;
        row.down_bytes = one.down_bytes;
        row.receive_ns = one.receive.count();
        row.receive_energy_j = one.receive_j;
        rows.push_back(row);
    }
    return rows;
}

record::UpdateRow update_row(const Step& step, std::int64_t first_sample) {
    record::UpdateRow row{};
    row.update = static_cast<std::int32_t>(step.number);
    row.kind = static_cast<std::int8_t>(step.kind);
    row.device = step.device.value();
    row.upload = static_cast<std::int32_t>(step.arrival.value());
    row.start_ns = ns(step.start);
    row.end_ns = ns(step.end);
    row.inbox_samples = static_cast<std::int32_t>(step.kept_samples);
    row.waiting_packets = step.waiting;
    row.first_sample = first_sample;
    row.samples = static_cast<std::int32_t>(step.samples.size());
    row.launches = static_cast<std::int32_t>(step.launches);
    return row;
}

record::TrainingRow training_row(const StepResult& result) {
    record::TrainingRow row{};
    row.update = static_cast<std::int32_t>(result.step);
    row.loss = result.loss;
    row.gradient_norm = result.gradient_norm;
    row.learning_rate = result.learning_rate;
    return row;
}

std::vector<record::TaskRow> task_rows(std::span<const TaskRecord> tasks) {
    std::vector<record::TaskRow> rows;
    rows.reserve(tasks.size());
    for (const TaskRecord& one : tasks) {
        record::TaskRow row{};
        row.task = one.task.value();
        row.device = one.device.value();
        row.round = one.round;
        row.version = one.version;
        row.samples = one.samples;
        row.ready_ns = ns(one.ready);
        row.end_ns = ns(one.end);
        row.outcome = static_cast<std::int8_t>(one.outcome);
        row.parts_done = one.parts_done;
        row.down_bytes = one.down_bytes;
        row.up_bytes = one.up_bytes;
        rows.push_back(row);
    }
    return rows;
}

record::RoundRow round_row(const Step& step, std::int64_t assigned) {
    record::RoundRow row{};
    row.update = static_cast<std::int32_t>(step.number);
    row.round = step.round;
    row.assigned = static_cast<std::int32_t>(assigned);
    row.arrived = static_cast<std::int32_t>(step.inputs.size());
    return row;
}

std::vector<record::MixupRow> mixup_rows(const StepResult& result) {
    std::vector<record::MixupRow> rows;
    rows.reserve(result.partners.size());
    for (std::size_t i = 0; i < result.partners.size(); ++i)
        rows.push_back({result.partners[i], result.shares[i]});
    return rows;
}

std::vector<record::DiagnosticRow> diagnostic_rows(const StepResult& result) {
    std::vector<record::DiagnosticRow> rows;
    for (const double value : result.diagnostics) {
        record::DiagnosticRow row{};
        row.update = static_cast<std::int32_t>(result.step);
        row.name = static_cast<std::int32_t>(rows.size());
        row.value = value;
        rows.push_back(row);
    }
    return rows;
}

std::vector<record::VerdictRow> verdict_rows(const Verdict& verdict) {
    std::vector<record::VerdictRow> rows;
    for (const double value : verdict.values) {
        record::VerdictRow row{};
        row.update = static_cast<std::int32_t>(verdict.step);
        row.place = static_cast<std::int32_t>(rows.size());
        row.value = value;
        rows.push_back(row);
    }
    return rows;
}

std::vector<record::EvaluationRow> evaluation_rows(const EvaluationResult& result) {
    std::vector<record::EvaluationRow> rows;
    for (const EvaluationResult::Row& one : result.rows) {
        record::EvaluationRow row{};
        row.update = static_cast<std::int32_t>(result.updates);
        row.backbone = one.backbone;
        row.time_ns = ns(result.time);
        row.metric = one.metric;
        row.f1 = one.f1;
        row.loss = one.loss;
        rows.push_back(row);
    }
    return rows;
}

std::vector<record::TestScoreRow> test_score_rows(const TestResult& result) {
    std::vector<record::TestScoreRow> rows;
    for (const EvaluationResult::Row& one : result.scores.rows) {
        record::TestScoreRow row{};
        row.weights = static_cast<std::int8_t>(result.weights);
        row.update = static_cast<std::int32_t>(result.scores.updates);
        row.backbone = one.backbone;
        row.metric = one.metric;
        row.f1 = one.f1;
        row.loss = one.loss;
        rows.push_back(row);
    }
    return rows;
}

std::vector<record::DownloadRow> download_rows(std::span<const Download> downloads) {
    std::vector<record::DownloadRow> rows;
    rows.reserve(downloads.size());
    for (const Download& one : downloads) {
        record::DownloadRow row{};
        row.device = one.device;
        row.start_ns = ns(one.start);
        row.end_ns = ns(one.arrival);
        row.charged_bytes = one.charged_bytes;
        row.repeated_bytes = one.repeated_bytes;
        row.energy_j = one.energy_j;
        row.task = one.task.value();
        row.round = one.round;
        row.content = static_cast<std::int8_t>(one.content);
        rows.push_back(row);
    }
    return rows;
}

std::vector<record::DeviceRow> device_rows(const FleetPlan& plan,
                                           std::span<const Delivery> deliveries,
                                           const Leftovers& leftovers,
                                           std::span<const std::string> profile_names,
                                           std::span<const std::string> link_names) {
    std::vector<record::DeviceRow> rows;
    for (const DevicePlan& device : plan.devices) {
        record::DeviceRow row{};
        row.device = device.id;
        row.profile = index_of(profile_names, device.profile.name);
        row.link = index_of(link_names, device.link.name);
        row.backbone = device.backbone;
        row.samples = static_cast<std::int32_t>(device.samples.size());
        row.memory_need_bytes = device.memory_need_bytes;
        row.memory_bytes = device.profile.memory_bytes;
        row.admitted = device.admitted ? 1 : 0;
        row.uplink_bytes_per_s = device.link.uplink_bytes_per_s;
        row.downlink_bytes_per_s = device.link.downlink_bytes_per_s;
        row.downlink_deviation_bytes_per_s = device.link.downlink_deviation_bytes_per_s;
        row.latency_s = device.link.latency_s;
        row.jitter_s = device.link.jitter_s;
        row.loss = device.link.loss;
        row.emptied_ns = -1;
        set_compute(device, plan.backbones[static_cast<std::size_t>(device.backbone)], row);
        rows.push_back(row);
    }
    for (const auto& [device, time] : leftovers.emptied)
        rows[static_cast<std::size_t>(device)].emptied_ns = ns(time);
    for (const Delivery& delivery : deliveries)
        ++rows[static_cast<std::size_t>(delivery.device)].packets;
    const bool settled = std::all_of(deliveries.begin(), deliveries.end(),
                                     [](const Delivery& one) { return one.task == TaskId(); });
    if (deliveries.empty() || !settled) return rows;  // nothing else was to arrive
    for (const DevicePlan& device : plan.devices)
        if (record::DeviceRow& row = rows[static_cast<std::size_t>(device.id)]; device.admitted)
            row.missing_packets = static_cast<std::int32_t>(plan.packets_of(device)) - row.packets;
    return rows;
}

std::vector<record::BackboneRow> backbone_rows(const FleetPlan& plan,
                                               std::span<const std::string> family_names) {
    std::vector<record::BackboneRow> rows;
    for (const BackbonePlan& backbone : plan.backbones) {
        record::BackboneRow row{};
        row.backbone = static_cast<std::int32_t>(rows.size());
        row.name = row.backbone;
        row.family = index_of(family_names, backbone.family);
        row.layers = backbone.size.layers;
        row.width = backbone.size.width;
        row.heads = backbone.size.heads;
        row.ffn = backbone.size.ffn;
        row.vocabulary = backbone.vocabulary;
        row.parameters = backbone.size.parameters;
        row.taps = backbone.layout.taps;
        row.devices = backbone.devices;
        row.pivot = pivot_number(backbone.pivot);
        row.weight_dtype = static_cast<std::int32_t>(backbone.weight_dtype);
        row.kv_heads = backbone.size.kv_heads;
        row.head_dim = backbone.size.head_dim;
        row.gated_mlp = backbone.size.gated_mlp ? 1 : 0;
        rows.push_back(row);
    }
    return rows;
}

std::vector<record::SampleRow> sample_rows(const FleetPlan& plan, const Truth& truth) {
    std::vector<record::SampleRow> rows;
    for (std::size_t id = 0; id < plan.samples.size(); ++id) {
        record::SampleRow row{};
        row.sample = static_cast<std::int32_t>(id);
        row.device = plan.samples[id].device;
        row.packet = plan.samples[id].packet;
        row.label = truth.labels.empty() ? 0 : truth.labels[id];
        row.target = truth.regression() ? truth.targets[id] : static_cast<float>(row.label);
        row.tokens = plan.samples[id].tokens;
        rows.push_back(row);
    }
    return rows;
}

std::vector<std::string> profile_names(const FleetPlan& plan) {
    std::vector<std::string> names;
    for (const DevicePlan& device : plan.devices) add_new(names, device.profile.name);
    return names;
}

std::vector<std::string> link_names(const FleetPlan& plan) {
    std::vector<std::string> names;
    for (const DevicePlan& device : plan.devices) add_new(names, device.link.name);
    return names;
}

std::vector<std::string> family_names(const FleetPlan& plan) {
    std::vector<std::string> names;
    for (const BackbonePlan& backbone : plan.backbones) add_new(names, backbone.family);
    return names;
}

}  // namespace mobi
