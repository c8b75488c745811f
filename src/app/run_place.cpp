// SPDX-License-Identifier: Apache-2.0
#include "app/run_place.hpp"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/difference.hpp"
#include "config/load.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "record/run_output.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

/// {what names it, the path} of every file that a configuration names.
std::vector<std::pair<std::string, std::string>> inputs_of(const RunConfig& config,
                                                           std::span<const std::string> files) {
    std::vector<std::pair<std::string, std::string>> inputs;
    for (const std::string& file : files) inputs.emplace_back("the configuration", file);
    inputs.emplace_back("data.train", config.data.train);
    inputs.emplace_back("data.test", config.data.test);
    inputs.emplace_back("data.classes", config.data.classes);
    inputs.emplace_back("fleet.devices_file", config.fleet.devices_file);
    for (const auto& [name, device] : config.devices)
        inputs.emplace_back(fmt::format("device.{}.load", name), device.load_file);
    for (const auto& [name, link] : config.links) {
        inputs.emplace_back(fmt::format("link.{}.trace", name), link.trace_file);
        inputs.emplace_back(fmt::format("link.{}.downlink_trace", name), link.downlink_trace_file);
        inputs.emplace_back(fmt::format("link.{}.atc_profile", name), link.atc_file);
    }
    for (const auto& [name, availability] : config.availability)
        inputs.emplace_back(fmt::format("availability.{}.trace", name), availability.trace_file);
    for (const auto& [name, backbone] : config.backbones)
        inputs.emplace_back(fmt::format("backbone.{}.path", name), backbone.path);
    return inputs;
}

}  // namespace

void check_run_output(const RunConfig& config, std::span<const std::string> files) {
    const fs::path output = config.run.output;
    std::error_code error;  // of what is not there
    for (const auto& [key, path] : inputs_of(config, files))
        if (!fs::is_directory(path, error) && fs::equivalent(output, path, error))
            throw ConfigError(
                fmt::format("run.output: {} is an input of the run ({}); name another file",
                            output.string(), key));
    record::check_output(output);
}

std::string existing_run_text(const RunConfig& config) {
    const fs::path path = config.run.output;
    std::error_code error;
    if (!fs::exists(path, error)) return "";
    std::string state = "is a finished run; --overwrite replaces it";
    try {
        if (record::RunReader(path, record::IncompleteRuns::Allow).incomplete())
            state =
                "is a run that has not finished; --resume goes on with it, --overwrite replaces it";
    } catch (const Error& why) {  // of another version, or damaged
        state = fmt::format("is there already ({}); --overwrite replaces it", why.what());
    }
    return fmt::format("run.output: {} {}", path.string(), state);
}

ExistingRun existing_run(const Arguments& arguments) {
    const bool overwrites = arguments.has("overwrite");
    if (overwrites && arguments.has("resume"))
        throw ConfigError("--resume goes on with a run, --overwrite replaces it: give one of them");
    return overwrites                ? ExistingRun::Overwrite
           : arguments.has("resume") ? ExistingRun::Resume
                                     : ExistingRun::Refuse;
}

std::optional<UnfinishedRun> find_unfinished(const RunConfig& config, ExistingRun existing) {
    const fs::path path = config.run.output;
    std::error_code error;
    if (!fs::exists(path, error) || existing == ExistingRun::Overwrite) return std::nullopt;
    if (existing == ExistingRun::Refuse)
        throw ConfigError(existing_run_text(config) + "; or name another file");
    record::RunReader reader(path, record::IncompleteRuns::Allow);
    const auto found = differences(parse_resolved(reader.layout().config_text), config);
    if (!found.empty())
        throw ConfigError(fmt::format(
            "--resume: {} was begun with other settings ({}); go on with the same, name another "
            "file, or replace it with --overwrite",
            path.string(), differences_text(found)));
    if (!reader.incomplete())
        throw NothingToDo(fmt::format("{}: the run has finished", path.string()));
    std::optional<record::StoredCheckpoint> checkpoint =
        record::read_checkpoint(fs::weakly_canonical(path, error));
    if (!checkpoint) {
        log::info(fmt::format("{}: it has no checkpoint yet, and starts over", path.string()));
        return std::nullopt;
    }
    return UnfinishedRun{std::move(reader), *std::move(checkpoint)};
}

}  // namespace mobi
