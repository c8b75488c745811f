// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/run_config.hpp"
#include "core/truth.hpp"
#include "data/task.hpp"
#include "method/method.hpp"
#include "method/method_settings.hpp"
#include "method/registry/registry.hpp"
#include "record/run_reader.hpp"
#include "record/writer.hpp"
#include "schema/schema.hpp"
#include "server/server_loop.hpp"

namespace mobi {

struct Outlook;

/// Facts about a run that its file needs and that neither plan nor configuration hold.
struct RecordFacts {
    std::vector<std::string> class_names;
    Truth train;
    std::int64_t test_samples = 0;        ///< those for validation included
    std::int64_t validation_samples = 0;  ///< of these
    std::vector<record::SplitRow> splits{};
    bool packets = true;                     ///< there are packets; false: run.compute = none
    bool trained = true;                     ///< and something learns from them
    std::vector<std::string> figure_keys{};  ///< of the outlook's bounds
    /// Of a replay: the devices' figures are taken from it, if it has them.
    const record::RunReader* log = nullptr;
};

/// What the run file is laid out for.
record::RunLayout run_layout(const RunConfig& config,
                             const FleetPlan& plan,
                             const RecordFacts& facts);

/// The rows of `/splits`: train, validation, test; none without a validation set.
std::vector<record::SplitRow> split_rows(const Task& task);

/// `/devices`, `/backbones`, `/samples`, `/splits` and `/server`, which are known before the first
/// event, and what else times are computed from.
void write_plan(record::Writer& writer,
                const RunConfig& config,
                const FleetPlan& plan,
                const Method& method,
                std::span<const Delivery> deliveries,
                const Leftovers& leftovers,
                const RecordFacts& facts);

/// `/bands` and `/bounds`.
void write_outlook(record::Writer& writer, const Outlook& outlook);

/// The keys that its bounds name.
std::vector<std::string> figure_keys(const Outlook& outlook);

/// What the method's costs depend on, out of a configuration.
MethodSettings method_settings(const RunConfig& config);

/// What every family's methods depend on, out of a configuration.
FamilySettings family_settings(const RunConfig& config);

/// The method that a configuration asks for.
std::unique_ptr<Method> make_method(const RunConfig& config);

/// The server's settings out of a configuration.
ServerSettings server_settings(const RunConfig& config);

}  // namespace mobi
