// SPDX-License-Identifier: Apache-2.0
#include "app/run_record.hpp"

#include "app/run_preparation.hpp"
#include "config/dump.hpp"
#include "kernels/library_info.hpp"
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
    layout.classes = facts.classes;
    layout.blocks = block_count(plan);
    layout.train_samples = static_cast<std::int64_t>(plan.samples.size());
    layout.test_samples = facts.trained ? facts.test_samples : 0;
    layout.activations = facts.packets && config.record.activations == RecordActivations::All;
    layout.library_versions = {{"libtorch", libtorch_version()}, {"mpi", mpi_library_version()}};
    for (const BackbonePlan& backbone : plan.backbones)
        layout.backbones.push_back(
            {backbone.name, backbone.tap_layers, backbone.layout.width, backbone.layout.dtype});
    if (!facts.trained) return layout;
    const SourceMap sources(plan, config.align.projection);
    const SideNetwork network(side_shape(plan, sources, config.side, config.align, facts.classes),
                              config.side, config.align, config.run.seed);
    for (const auto& [name, tensor] : network.parameters())
        layout.side_tensors[name] = tensor.sizes().vec();
    return layout;
}

void write_plan(record::Writer& writer,
                const FleetPlan& plan,
                const Method& method,
                std::span<const Delivery> deliveries,
                const Leftovers& leftovers,
                const RecordFacts& facts) {
    const auto uploads = method.uploads() ? deliveries : std::span<const Delivery>();
    writer.submit(backbone_rows(plan, family_names(plan)));
    writer.submit(device_rows(plan, uploads, leftovers, profile_names(plan), link_names(plan)));
    writer.submit(sample_rows(plan, facts.labels, facts.targets));
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

ServerSettings server_settings(const RunConfig& config, std::int32_t classes) {
    ServerSettings settings;
    settings.seed = config.run.seed;
    settings.server = config.server;
    settings.trainer.seed = config.run.seed;
    settings.fleet = method_settings(config).fleet;
    settings.trainer.side = config.side;
    settings.trainer.align = config.align;
    settings.trainer.loss = config.loss;
    settings.trainer.optimizer = config.optimizer;
    settings.trainer.eval = config.eval;
    settings.trainer.mode = config.server.mode;
    settings.trainer.mixup = config.server.mixup;
    settings.trainer.classes = classes;
    settings.trainer.evaluate_later = config.run.clock == RunClock::Wall;
    settings.train = config.run.compute == RunCompute::All;
    settings.record_activations = config.record.activations == RecordActivations::All;
    return settings;
}

}  // namespace mobi
