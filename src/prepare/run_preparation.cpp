// SPDX-License-Identifier: Apache-2.0
#include "prepare/run_preparation.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "architecture/model_folder.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/long_work.hpp"
#include "core/virtual_time.hpp"
#include "data/partition.hpp"
#include "model/backbone.hpp"
#include "prepare/message_sizes.hpp"
#include "prepare/residual_words.hpp"
#include "prepare/run_record.hpp"
#include "prepare/token_table.hpp"
#include "wire/layer_plan.hpp"
#include "wire/pivot.hpp"

namespace mobi {
namespace {

/// Backbones in the order in which the fleet's classes name them, then those to choose from.
std::vector<std::string> backbones_in_order(const RunConfig& config) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    bool choose = !config.fleet.devices_file.empty();  // it may name any
    for (const auto& [device, count] : config.fleet.mix) {
        const auto own = config.fleet.backbones.find(device);
        if (own != config.fleet.backbones.end())
            add(own->second);
        else
            choose = true;
    }
    if (choose)
        for (const std::string& name : config.fleet.fit) add(name);
    return names;
}

void plan_backbones(const RunConfig& config,
                    std::int32_t classes,
                    Precision taps,
                    FleetPlan& plan) {
    std::vector<BackboneInfo> infos;
    std::int32_t blocks = 0;
    for (const std::string& name : backbones_in_order(config)) {
        infos.push_back(inspect_backbone(config.backbones.at(name)));
        const std::int32_t layers = infos.back().size.layers;
        blocks = blocks == 0 ? layers : std::min(blocks, layers);
    }
    std::size_t next = 0;
    for (const std::string& name : backbones_in_order(config)) {
        const BackboneInfo& info = infos[next++];
        const BackboneParameters& parameters = config.backbones.at(name);
        if (info.max_tokens < config.data.max_tokens)
            throw ConfigError(fmt::format(
                "data.max_tokens = {}: backbone {} has positions for {} tokens; give at most that",
                config.data.max_tokens, name, info.max_tokens));
        BackbonePlan backbone;
        backbone.name = name;
        backbone.family = info.family;
        backbone.size = info.size;
        backbone.vocabulary = info.vocabulary;
        backbone.weight_dtype = parameters.weight_dtype;
        backbone.resident_embedding = parameters.resident_embedding;
        backbone.pivot =
            config.packet.pivot == Pivot::Auto ? info.trained_pivot() : config.packet.pivot;
        backbone.tap_layers =
            sampled_layers(config.plan, info.size.layers, blocks, config.run.seed);
        backbone.layout.dtype = taps;
        backbone.layout.taps = static_cast<std::int32_t>(backbone.tap_layers.size());
        backbone.layout.width = info.size.width;
        backbone.layout.classes = classes;
        backbone.layout.labels = config.packet.labels;
        plan.backbones.push_back(std::move(backbone));
    }
}

/// What is read from the folders of the backbones that devices have, and from which of two sources.
/// \throws DataError  when a folder's weights, where they are needed, are not what they should be.
void look_at_folders(PreparedRun& run) {
    for (const BackbonePlan& backbone : run.plan.backbones) {
        if (backbone.devices == 0) continue;
        const BackboneParameters& parameters = run.config.backbones.at(backbone.name);
        const ModelFolder folder(parameters);
        run.sources.emplace_back(
            "backbone." + backbone.name,
            run.config.run.compute == RunCompute::All ? folder.check_weights() : folder.notes());
    }
}

void plan_devices(const RunConfig& config, const Task& task, FleetPlan& plan) {
    std::int64_t devices = 0;
    for (const auto& [name, count] : config.fleet.mix) devices += count;
    refuse_too_many_devices(devices, task.train.size());  // before they take memory
    std::vector<Device> fleet = make_fleet(
        {config.fleet, config.devices, config.links, config.availability, config.run.seed});
    const Partition parts = partition(config.data, task.train.truth.labels, task.classes(),
                                      static_cast<int>(fleet.size()), config.run.seed);
    plan.packet_samples = config.packet.samples;
    plan.device_epochs = config.device_epochs;
    const auto index_of = [&](const std::string& name) {
        const auto found = std::find_if(plan.backbones.begin(), plan.backbones.end(),
                                        [&](const BackbonePlan& b) { return b.name == name; });
        return static_cast<std::int32_t>(found - plan.backbones.begin());
    };
    std::vector<std::int32_t> choices;
    for (const std::string& name : config.fleet.fit) choices.push_back(index_of(name));
    for (Device& device : fleet) {
        DevicePlan planned;
        planned.id = device.id;
        planned.backbone =
            device.backbone.empty()
                ? largest_that_fits(plan, choices, device.profile, config.data.max_tokens)
                : index_of(device.backbone);
        planned.profile = std::move(device.profile);
        planned.link = std::move(device.link);
        planned.availability = std::move(device.availability);
        planned.samples = parts.shards[static_cast<std::size_t>(device.id)];
        plan.devices.push_back(std::move(planned));
    }
    plan.samples.resize(task.train.size());
}

/// Both, one after the other.
Truth joined(Truth first, const Truth& second) {
    first.classes = second.classes;
    first.labels.insert(first.labels.end(), second.labels.begin(), second.labels.end());
    first.targets.insert(first.targets.end(), second.targets.begin(), second.targets.end());
    return first;
}

/// What keeps every packet from arriving.
std::string nothing_arrives(const PreparedRun& run) {
    const auto empty = static_cast<std::size_t>(std::count_if(
        run.plan.devices.begin(), run.plan.devices.end(), [](const DevicePlan& device) {
            return device.profile.battery_j > 0 && device.profile.battery_start == 0;
        }));
    std::string text = "no packet ever arrives";
    if (empty == run.plan.devices.size())
        return text + ": every battery is empty at the start (device.*.battery_start)";
    if (!run.leftovers.emptied.empty())
        return text + fmt::format(
                          ": {} devices leave with an empty battery before they have sent "
                          "one (device.*.battery, device.*.battery_start)",
                          run.leftovers.emptied.size());
    return text + (run.settled ? ": see fleet.availability and server.deadline"
                               : ": see fleet.availability and rounds.deadline");
}

/// Nobody waits for a run of 200 real years.
void refuse_endless_pace(const TimelineEnd& timeline, double time_scale) {
    const double wall_s =
        std::chrono::duration<double>(timeline.run_end.time_since_epoch()).count() / time_scale;
    if (wall_s > std::chrono::duration<double>(kLongestRun).count())
        throw ConfigError(
            fmt::format("run.time_scale = {}: the run would take {:.3g} s of real time, more than "
                        "200 years",
                        time_scale, wall_s));
}

/// What the fleet does, and when the run ends.
void foresee(PreparedRun& run) {
    run.settled = run.method->settles();
    Deliveries all;
    if (run.settled) {
        all = run.method->settle(run.plan);
    } else {
        TaskWalk walk = walk_tasks(run.config, run.plan, *run.method);
        run.timeline = walk.timeline;
        run.tasks = walk.tasks;
        run.down_bytes = walk.down_bytes;
        all = std::move(walk.deliveries);
    }
    run.deliveries = std::move(all.arrived);
    run.lost = std::move(all.lost);
    run.leftovers = std::move(all.leftovers);
    run.missing_packets = all.missing;
    if (run.deliveries.empty()) throw ConfigError(nothing_arrives(run));
    if (!run.settled) return;
    check_request_sizes(run.plan, run.deliveries, run.tokens, run.config.forward.group_devices);
    run.timeline = foresee_run(run.timeline_input());
}

}  // namespace

std::int32_t block_count(const FleetPlan& plan) {
    const std::vector<std::int32_t>& taps = plan.backbones.front().tap_layers;
    return static_cast<std::int32_t>(taps.size()) - (taps.front() == 0 ? 1 : 0);
}

PreparedRun prepare_run(RunConfig config) {
    PreparedRun run;
    run.config = std::move(config);
    for (auto& [name, device] : run.config.devices) read_files_of(device);
    for (auto& [name, link] : run.config.links) read_files_of(link);
    for (auto& [name, availability] : run.config.availability) read_files_of(availability);
    run.method = make_method(run.config);
    Task task = load_task(run.config.data);
    for (const std::string& warning : task.warnings) log::warning(warning);
    run.class_names = task.class_names;
    plan_backbones(run.config, task.classes(), run.method->tap_precision(run.config.packet),
                   run.plan);
    plan_devices(run.config, task, run.plan);
    check_packet_sizes(run.plan);
    const FleetTokenizers tokenizers(run.config, run.plan);
    for (std::size_t k = 0; k < run.plan.backbones.size(); ++k)
        run.sources.emplace_back("tokenizer." + run.plan.backbones[k].name,
                                 tokenizers.of(k).sources());
    run.tokens.train = tokenise_train(run.config, task.train, tokenizers, run.plan);
    admit(run.plan, run.config.cost, run.config.data.max_tokens);
    run.tokens.test = tokenise_evaluation(run.config, task, tokenizers, run.plan);
    look_at_folders(run);
    run.class_words =
        residual_words(run.config, run.plan, tokenizers, run.class_names, task.classes());
    run.splits = split_rows(task);
    run.train = std::move(task.train.truth);
    run.validation_samples = static_cast<std::int64_t>(task.validation.size());
    run.test = joined(std::move(task.validation.truth), task.test.truth);
    foresee(run);
    if (run.config.run.clock == RunClock::Wall)
        refuse_endless_pace(run.timeline, run.config.run.time_scale);
    return run;
}

WorkerSetup worker_setup(const PreparedRun& run, std::int32_t threads) {
    WorkerSetup setup;
    setup.method = run.config.method.name;
    setup.seed = run.config.run.seed;
    setup.classes = run.train.classes;
    setup.threads = threads;
    setup.forward = run.config.run.compute == RunCompute::All;
    setup.arithmetic = run.config.forward.dtype;
    setup.batch_tokens = run.config.forward.batch_tokens;
    setup.residual = run.config.residual;
    setup.cache = run.config.backbone_cache;
    for (std::size_t k = 0; k < run.plan.backbones.size(); ++k) {
        const BackbonePlan& backbone = run.plan.backbones[k];
        setup.backbones.push_back({run.config.backbones.at(backbone.name), backbone.pivot,
                                   backbone.tap_layers, backbone.layout, run.class_words[k]});
    }
    return setup;
}

}  // namespace mobi
