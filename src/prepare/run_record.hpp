// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/run_config.hpp"
#include "core/truth.hpp"
#include "method/method.hpp"
#include "method/method_settings.hpp"
#include "record/run_reader.hpp"
#include "record/writer.hpp"
#include "schema/schema.hpp"
#include "server/server_loop.hpp"

namespace mobi {

/// Facts about a run that its file needs and that neither plan nor configuration hold.
struct RecordFacts {
    std::vector<std::string> class_names;
    Truth train;
    std::int64_t test_samples = 0;
    bool packets = true;  ///< there are packets; false: run.compute = none
    bool trained = true;  ///< and something learns from them
    /// Of a replay: the devices' figures are taken from it, if it has them.
    const record::RunReader* log = nullptr;
};

/// What the run file is laid out for.
record::RunLayout run_layout(const RunConfig& config,
                             const FleetPlan& plan,
                             const RecordFacts& facts);

/// `/devices`, `/backbones`, `/samples` and `/server`, which are known before the first event, and
/// what else times are computed from.
void write_plan(record::Writer& writer,
                const RunConfig& config,
                const FleetPlan& plan,
                const Method& method,
                std::span<const Delivery> deliveries,
                const Leftovers& leftovers,
                const RecordFacts& facts);

/// What the method's costs depend on, out of a configuration.
MethodSettings method_settings(const RunConfig& config);

/// The method that a configuration asks for.
std::unique_ptr<Method> make_method(const RunConfig& config);

/// The server's settings out of a configuration.
ServerSettings server_settings(const RunConfig& config);

}  // namespace mobi
