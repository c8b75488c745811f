// SPDX-License-Identifier: Apache-2.0
#include "prepare/run_record.hpp"

#include "config/dump.hpp"
#include "kernels/library_info.hpp"
#include "method/registry/registry.hpp"
#include "prepare/outlook.hpp"
#include "prepare/run_preparation.hpp"
#include "server/figure_rows.hpp"
#include "server/record_rows.hpp"
#include "transport/environment.hpp"

namespace mobi {

record::RunLayout run_layout(const RunConfig& config,
                             const FleetPlan& plan,
                             const RecordFacts& facts) {
    record::RunLayout layout;
    layout.config_text = dump(config);
    layout.seed = config.run.seed;
    layout.profile_names = profile_names(plan);
    layout.link_names = link_names(plan);
    layout.family_names = family_names(plan);
    layout.class_names = facts.class_names;
    layout.diagnostic_names = make_method(config)->diagnostics();
    layout.figure_keys = facts.figure_keys;
    layout.classes = facts.train.classes;
    layout.blocks = block_count(plan);
    layout.train_samples = static_cast<std::int64_t>(plan.samples.size());
    layout.test_samples = facts.trained ? facts.test_samples : 0;
    layout.validation_samples = facts.trained ? facts.validation_samples : 0;
    layout.activations = facts.packets && config.record.activations == RecordActivations::All;
    layout.library_versions = {{"libtorch", libtorch_version()}, {"mpi", mpi_library_version()}};
    for (const BackbonePlan& backbone : plan.backbones)
        layout.backbones.push_back(
            {backbone.name, backbone.tap_layers, backbone.layout.width, backbone.layout.dtype});
    if (facts.trained) layout.weights = make_method(config)->state_shapes(plan);
    return layout;
}

void write_plan(record::Writer& writer,
                const RunConfig& config,
                const FleetPlan& plan,
                const Method& method,
                std::span<const Delivery> deliveries,
                const Leftovers& leftovers,
                const RecordFacts& facts) {
    const auto uploads = method.uploads() ? deliveries : std::span<const Delivery>();
    writer.submit(backbone_rows(plan, family_names(plan)));
    std::vector<record::DeviceRow> devices =
        device_rows(plan, uploads, leftovers, profile_names(plan), link_names(plan));
    FigureRows figures = add_figures(plan, config.run.seed, devices);
    if (facts.log != nullptr)
        if (auto logged = add_logged_figures(*facts.log, devices)) figures = *std::move(logged);
    writer.submit(std::move(devices));
    write_figures(writer, std::move(figures));
    writer.submit(server_row(config.server));
    writer.submit(sample_rows(plan, facts.train));
    if (!facts.splits.empty()) writer.submit(facts.splits);
}

std::vector<record::SplitRow> split_rows(const Task& task) {
    using record::SplitPart;
    std::vector<record::SplitRow> rows;
    if (task.validation.size() == 0) return rows;
    const auto add = [&](const TextSet& part, SplitPart split, SplitPart file, std::size_t first) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            record::SplitRow row{};
            row.split = static_cast<std::int8_t>(split);
            row.sample = static_cast<std::int32_t>(first + i);
            row.file = static_cast<std::int8_t>(file);
            row.place = part.places.empty() ? static_cast<std::int32_t>(i) : part.places[i];
            row.line = static_cast<std::int64_t>(part.lines[i]);
            rows.push_back(row);
        }
    };
    add(task.train, SplitPart::Train, SplitPart::Train, 0);
    add(task.validation, SplitPart::Validation,
        task.validation_of_test ? SplitPart::Test : SplitPart::Train, 0);
    add(task.test, SplitPart::Test, SplitPart::Test, task.validation.size());
    return rows;
}

void write_outlook(record::Writer& writer, const Outlook& outlook) {
    const auto ns = [](VirtualClock::time_point time) { return time.time_since_epoch().count(); };
    const auto ns_or_none = [&](const std::optional<VirtualClock::time_point>& time) {
        return time ? ns(*time) : -1;
    };
    std::vector<record::BandRow> bands;
    for (const RunTotals& totals : outlook.totals)
        bands.push_back({static_cast<std::int8_t>(totals.figures), ns(totals.end),
                         ns(totals.run_end), totals.updates, totals.missing_packets,
                         totals.server_busy_s, totals.compute_j, totals.send_j, totals.receive_j,
                         totals.wait_j});
    writer.submit(std::move(bands));
    std::vector<record::BoundRow> bounds;
    for (const Bound& bound : outlook.bounds)
        bounds.push_back({static_cast<std::int8_t>(bound.kind),
                          static_cast<std::int32_t>(bounds.size()), bound.share,
                          ns_or_none(bound.halved), ns_or_none(bound.doubled),
                          ns_or_none(bound.without)});
    writer.submit(std::move(bounds));
}

std::vector<std::string> figure_keys(const Outlook& outlook) {
    std::vector<std::string> keys;
    keys.reserve(outlook.bounds.size());
    for (const Bound& bound : outlook.bounds) keys.push_back(bound.key);
    return keys;
}

MethodSettings method_settings(const RunConfig& config) {
    MethodSettings settings;
    settings.cost = config.cost;
    settings.packet = config.packet;
    settings.max_tokens = config.data.max_tokens;
    settings.server_rate_flop_per_s = config.server.rate_flop_per_s;
    settings.fleet.seed = config.run.seed;
    settings.fleet.server_bytes_per_s = config.server.access_bytes_per_s;
    settings.deadline_s = config.server.deadline_s;
    settings.enough_share = config.server.enough_share;
    return settings;
}

FamilySettings family_settings(const RunConfig& config) {
    FamilySettings settings;
    settings.side.seed = config.run.seed;
    settings.side.method = method_settings(config);
    settings.side.server = config.server;
    settings.side.side = config.side;
    settings.side.align = config.align;
    settings.side.loss = config.loss;
    settings.side.optimizer = config.optimizer;
    settings.side.eval = config.eval;
    settings.side.evaluate_later =
        config.run.clock == RunClock::Wall && config.eval.patience == 0;  // nobody waits for one
    settings.rounds.seed = config.run.seed;
    settings.rounds.rounds = config.rounds;
    settings.rounds.server_rate_flop_per_s = config.server.rate_flop_per_s;
    return settings;
}

std::unique_ptr<Method> make_method(const RunConfig& config) {
    return find_method(config.method.name).method(family_settings(config));
}

ServerSettings server_settings(const RunConfig& config) {
    ServerSettings settings;
    settings.fleet = method_settings(config).fleet;
    settings.train = config.run.compute == RunCompute::All;
    settings.record_activations = config.record.activations == RecordActivations::All;
    return settings;
}

}  // namespace mobi
