// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "app/catalogue_folder.hpp"
#include "app/catalogue_text.hpp"
#include "app/command.hpp"
#include "app/option.hpp"
#include "app/output.hpp"
#include "app/run_place.hpp"
#include "architecture/model_folder.hpp"
#include "config/arguments.hpp"
#include "config/difference.hpp"
#include "config/dump.hpp"
#include "config/load.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "device/fleet.hpp"
#include "model/backbone.hpp"
#include "prepare/estimate.hpp"
#include "prepare/outlook.hpp"
#include "prepare/run_preparation.hpp"
#include "record/run_output.hpp"
#include "record/run_reader.hpp"

namespace mobi {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"set", true, "key=value, overrides the configuration; may be repeated"},
        {"print-defaults", false, "every key with its default and meaning, and nothing else"},
        {"list-runs", true, "the runs of an experiment file: name, TAB, arguments"},
        {"same-as", true, "only whether that run file is a finished run of this configuration"},
        {"devices", false, "the catalogue's devices as a table"},
        {"links", false, "the catalogue's links as a table"},
        {"laws", false, "the laws fitted to the catalogue's measured points, with their errors"},
        {"backbone", true, "with --devices: what a sample costs with this model folder"},
        {"tokens", true, "of that sample (128)"},
        {"no-estimate", false, "the configuration alone: reads no text and no backbone"},
        {"help", false, "this text"},
    };
    return list;
}

int list_experiment(const std::string& file) {
    for (const ExperimentRun& run : list_runs(file)) {
        std::string line = run.name + '\t';
        for (const std::string& setting : run.overrides)  // words as a shell would split them
            line += fmt::format("--set \"{}\" ", setting);
        print_output("{}\n", trim(line));
    }
    return 0;
}

/// Whether a finished run is one of this configuration: silent if it is.
int compare_with(const std::string& path, const RunConfig& config) {
    const record::RunReader reader(path);
    const RunConfig made = parse_resolved(reader.layout().config_text, {}, path + ": /config");
    const std::vector<ConfigDifference> different = differences(made, config);
    if (different.empty()) return 0;
    throw ConfigError(
        fmt::format("{} is of another configuration: {}", path, differences_text(different)));
}

int print_catalogue(const Arguments& arguments) {
    Catalogue catalogue = load_catalogue(needed_catalogue_folder());
    for (auto& [name, device] : catalogue.devices) read_files_of(device);
    if (arguments.has("laws")) print_output("{}", laws_text(catalogue.devices));
    if (arguments.has("devices")) {
        std::optional<SampleCost> cost;
        if (arguments.has("backbone")) {
            BackboneParameters parameters;
            parameters.path = parameters.name = arguments.get("backbone");
            cost.emplace();
            cost->size = inspect_backbone(parameters).size;
            cost->tokens = option(arguments, "tokens", codec::integer(1), 128);
        }
        print_output("{}", devices_text(catalogue.devices, cost));
    }
    constexpr double kPacketBytes = 36'864;  // eight samples of six fp16 taps of width 384
    if (arguments.has("links")) print_output("{}", links_text(catalogue.links, kPacketBytes));
    return 0;
}

/// The laws of the fleet's measured points.
std::string fleet_laws_text(const PreparedRun& run) {
    const std::string text = laws_text(run.config.devices);
    return text.empty() ? text : "\n# Laws of measured points\n" + text;
}

/// What was read from where in the folders of the backbones, a line each.
std::string sources_text(const PreparedRun& run) {
    std::string text;
    for (const auto& [whose, notes] : run.sources)
        for (const SourceNote& note : notes) text += fmt::format("{}: {}\n", whose, describe(note));
    return text.empty() ? text : "\n# Sources\n" + text;
}

}  // namespace

int check_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        print_output("usage: fedmobillm check CONFIG.cfg... [--set key=value]...\n{}",
                     describe_arguments(specs()));
        return 0;
    }
    if (arguments.has("print-defaults")) {
        print_output("{}", print_defaults());
        return 0;
    }
    if (arguments.has("devices") || arguments.has("links") || arguments.has("laws"))
        return print_catalogue(arguments);
    if (arguments.has("list-runs")) return list_experiment(arguments.get("list-runs"));
    if (arguments.positional.empty())
        throw ConfigError(
            "check takes one configuration file or more, e.g. configs/quickstart.cfg");
    log::open(0, false);
    const RunConfig config = load_config({arguments.positional.begin(), arguments.positional.end()},
                                         arguments.all("set"), catalogue_folder());
    if (arguments.has("same-as")) return compare_with(arguments.get("same-as"), config);
    check_run_output(config, arguments.positional);
    // First all that can fail: a mistake is not to be looked for below a page of configuration.
    std::string estimate;
    if (!arguments.has("no-estimate")) {
        const PreparedRun run = prepare_run(config);
        estimate = sources_text(run) + fleet_laws_text(run) + "\n# Estimate\n" +
                   estimate_text(run) + outlook_text(look_ahead(run));
    }
    print_output("{}{}", dump(config), estimate);
    if (record::is_being_written(config.run.output))
        log::info(
            fmt::format("run.output: {} is being written by another process", config.run.output));
    else if (const std::string existing = existing_run_text(config); !existing.empty())
        log::info(existing);
    return 0;
}

}  // namespace mobi
