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
    const std::filesystem::path output = config.run.output;
    std::error_code error;  // of what is not there
    for (const auto& [key, path] : inputs_of(config, files))
        if (!std::filesystem::is_directory(path, error) &&
            std::filesystem::equivalent(output, path, error))
            throw ConfigError(
                fmt::format("run.output: {} is an input of the run ({}); name another file",
                            output.string(), key));
    record::check_output(output);
}

std::optional<UnfinishedRun> find_unfinished(const RunConfig& config) {
    const std::filesystem::path path = config.run.output;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return std::nullopt;
    record::RunReader reader(path, record::IncompleteRuns::Allow);
    if (!reader.incomplete())
        throw NothingToDo(fmt::format("{}: the run has finished", path.string()));
    const auto found = differences(parse_resolved(reader.layout().config_text), config);
    if (!found.empty())
        throw ConfigError(fmt::format(
            "--resume: {} was begun with other settings ({}); go on with the same, or start it "
            "over without --resume",
            path.string(), differences_text(found)));
    std::optional<record::StoredCheckpoint> checkpoint =
        record::read_checkpoint(std::filesystem::weakly_canonical(path, error));
    if (!checkpoint) {
        log::info(fmt::format("{}: it has no checkpoint yet, and starts over", path.string()));
        return std::nullopt;
    }
    return UnfinishedRun{std::move(reader), *std::move(checkpoint)};
}

}  // namespace mobi
