// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "method/fleet_plan.hpp"
#include "method/server_parameters.hpp"
#include "record/run_reader.hpp"
#include "record/writer.hpp"

namespace mobi {

/// What the figures in rows of `/devices` name: rates over time, patterns of availability.
struct FigureRows {
    std::vector<record::TraceRow> traces;
    std::vector<record::TraceStepRow> trace_steps;
    std::vector<record::AvailabilityRow> availability;
    std::vector<record::AvailabilitySpanRow> spans;
};

/// Fills in the figures that the devices' times and energies are computed from, as drawn: a reader
/// without this program and without the files that a configuration names can compute them again
/// (docs/design.md 6.6).
/// \param seed     of the run, from which traces' offsets are drawn.
/// \param devices  one per device of the plan, in its order.
FigureRows add_figures(const FleetPlan& plan,
                       std::uint64_t seed,
                       std::span<record::DeviceRow> devices);

/// The same from a log, whose traces are not read again.
/// \return  nothing where the log is older than the figures.
std::optional<FigureRows> add_logged_figures(const record::RunReader& log,
                                             std::span<record::DeviceRow> devices);

/// `/traces`, `/trace_steps`, `/availability`, `/availability_spans`.
void write_figures(record::Writer& writer, FigureRows figures);

record::ServerRow server_row(const ServerParameters& server);

}  // namespace mobi
