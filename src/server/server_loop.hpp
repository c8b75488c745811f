// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "crew/packet_source.hpp"
#include "crew/server_pace.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/method.hpp"
#include "method/run_fleet.hpp"
#include "record/writer.hpp"
#include "server/past_run.hpp"
#include "server/sample_passes.hpp"

namespace mobi {

/// What the server's run is a function of, beside plan, fleet and method.
struct ServerSettings {
    FleetClockParameters fleet;  ///< of the downloads
    bool record_activations = true;
    bool train = true;  ///< false: packets are taken, checked and logged; nothing keeps them
};

/// When a run is to be able to go on from, and from where this one does.
struct Resumption {
    double period_s = 0;      ///< wall time between two checkpoints; 0: only when it is interrupted
    PastRun* past = nullptr;  ///< null: from the start
    std::int64_t taken = 0;   ///< deliveries that need not be computed again
};

/// How a run went.
struct ServerResult {
    VirtualClock::time_point training_end{};  ///< end of the last update
    VirtualClock::time_point run_end{};       ///< and of the last download
    std::int64_t updates = 0;
    std::int64_t updates_planned = 0;  ///< more: training stopped early
    std::int64_t skipped_updates = 0;  ///< whose numbers were not finite
    std::int64_t charged_upload_bytes = 0;
    std::int64_t charged_download_bytes = 0;
    std::int64_t missing_packets = 0;    ///< that never arrived, or too late
    std::int32_t missing_downloads = 0;  ///< of devices that never come back for theirs
    double charged_flop = 0;
    double server_busy_s = 0;  ///< virtual
    std::vector<EvaluationResult> evaluations;
    std::vector<TestResult> tests;  ///< with a validation set
    SamplePasses passes;
    double training_wall_s = 0;
    double evaluation_wall_s = 0;
    std::size_t kept_bytes = 0;  ///< real memory of the arrivals that the learner keeps
};

/// Progress of the virtual run, for people.
struct ServerProgress {
    std::int64_t updates = 0;
    std::int64_t updates_planned = 0;
    VirtualClock::time_point now{};
};

/// Runs the server over a method's steps: takes packets at their arrival, has the trainer thread do
/// the steps, and logs everything (docs/design.md 4.1, hops 7 to 10).
///
/// \param leftovers  what goes on at the devices behind the deliveries.
/// \param source   null with `run.compute = none`: the event tables alone.
/// \param pace     null: work ends when the model says so (virtual clock).
/// \param writer   the log; open.  Closed by the caller.  Where the run goes on from another, it
/// has
///                 been opened with Naming::WhenPublished.
/// \param on_progress  called between steps, and now and then while the last are done; may throw
///                     to end the run early.
ServerResult run_server(const ServerSettings& settings,
                        const FleetPlan& plan,
                        RunFleet& fleet,
                        const Leftovers& leftovers,
                        const Method& method,
                        PacketSource* source,
                        ServerPace* pace,
                        record::Writer& writer,
                        const Resumption& resumption,
                        const std::function<void(const ServerProgress&)>& on_progress);

}  // namespace mobi
