// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/run_config.hpp"
#include "core/source_note.hpp"
#include "crew/fleet_source.hpp"
#include "data/task.hpp"
#include "messages/worker_setup.hpp"
#include "method/method.hpp"
#include "prepare/timeline_walk.hpp"
#include "schema/schema.hpp"

namespace mobi {

/// A run that is validated and ready to start: configuration, text, fleet, timeline.
struct PreparedRun {
    RunConfig config;
    std::vector<std::string> class_names;                ///< empty: regression
    std::vector<std::vector<std::int32_t>> class_words;  ///< of each backbone: residual_words.hpp
    Truth train;                                         ///< for the log and the devices
    Truth test;                           ///< of the validation set, then of the test set
    std::int64_t validation_samples = 0;  ///< of the first
    std::vector<record::SplitRow> splits;
    FleetPlan plan;
    TokenTable tokens;
    std::unique_ptr<Method> method;
    std::vector<Delivery> deliveries;
    std::vector<LostWork> lost;
    Leftovers leftovers;               ///< what goes on behind the deliveries
    std::int64_t missing_packets = 0;  ///< that never arrive, or too late
    bool settled = true;               ///< else the protocol assigns tasks during the run
    std::int64_t tasks = 0;            ///< that it assigns
    std::int64_t down_bytes = 0;       ///< charged, for these
    TimelineEnd timeline;              ///< with the downloads
    /// Of `tokenizer.<name>` and `backbone.<name>`: what was read from where, when two files or
    /// keys say it.
    std::vector<std::pair<std::string, SourceNotes>> sources;

    TimelineInput timeline_input() const { return {config, plan, *method, deliveries, leftovers}; }
};

/// Reads text and `config.json`s, looks for the weights' tensors (not with run.compute = none or
/// packets, which need none), tokenises, deals the samples, admits the devices and places every
/// packet, update and download in virtual time.  Computes no forward pass and reads no weights.
/// \throws ConfigError, DataError, Interrupted
PreparedRun prepare_run(RunConfig config);

/// B: as many blocks as the shallowest backbone has layers (docs/method.md 1.2).
std::int32_t block_count(const FleetPlan& plan);

/// What the workers of a prepared run need.
WorkerSetup worker_setup(const PreparedRun& run, std::int32_t threads);

}  // namespace mobi
