// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/ini.hpp"

namespace mobi {

// The lines of a section [runs]:
//
//     cold  = --set server.batch=16    a variant: its name and its settings
//     seed  = 1..10                    a list: a key and its values; a short name for one that a
//     alpha = 0.1 1 10                 single key has, here run.seed and data.alpha
//     link.*.uplink = "5 Mbit/s"       a value with a blank is in quotes
//
// Every variant is run with every combination of the lists' values, the last list's changing
// fastest.  A line is a list when its name has a dot or when its words are neither --set nor
// key=value.

/// One run of an experiment.
struct ExperimentRun {
    std::string name;                    ///< fit for a file, e.g. `cold-seed=3-alpha=0.1`
    std::vector<std::string> overrides;  ///< `key=value`, for load_config()
};

struct Experiment {
    std::vector<ExperimentRun> runs;  ///< none when there are problems
    std::vector<std::string> problems;
};

/// More runs than these are taken for a mistake.
constexpr std::size_t kMostRuns = 10'000;

/// The runs that the lines of a section [runs] make, in their order.
Experiment read_experiment(std::span<const ConfigLine> lines);

}  // namespace mobi
