// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/estimate.hpp"
#include "app/run_preparation.hpp"
#include "config/arguments.hpp"
#include "config/dump.hpp"
#include "config/load.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"set", true, "key=value, overrides the configuration; may be repeated"},
        {"print-defaults", false, "every key with its default and meaning, and nothing else"},
        {"list-runs", true, "the runs of an experiment file: name, TAB, arguments"},
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
        fmt::print("{}\n", trim(line));
    }
    return 0;
}

}  // namespace

int check_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        fmt::print("usage: fedmobillm check CONFIG.cfg... [--set key=value]...\n{}",
                   describe_arguments(specs()));
        return 0;
    }
    if (arguments.has("print-defaults")) {
        fmt::print("{}", print_defaults());
        return 0;
    }
    if (arguments.has("list-runs")) return list_experiment(arguments.get("list-runs"));
    if (arguments.positional.empty())
        throw ConfigError(
            "check takes one configuration file or more, e.g. configs/quickstart.cfg");
    const RunConfig config = load_config({arguments.positional.begin(), arguments.positional.end()},
                                         arguments.all("set"), kCatalogueFolder);
    // First all that can fail: a mistake is not to be looked for below a page of configuration.
    std::string estimate;
    if (!arguments.has("no-estimate"))
        estimate = "\n# Estimate\n" + estimate_text(prepare_run(config));
    fmt::print("{}{}", dump(config), estimate);
    return 0;
}

}  // namespace mobi
