// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "device/figure_band.hpp"
#include "prepare/run_preparation.hpp"

namespace mobi {

/// What a run comes to in virtual time, with the figures of one end of their bands.
///
/// The energies are those of packets that arrived, of the downloads, and of waiting until a
/// device's last packet arrived; NaN where a device or link has no figure.
struct RunTotals {
    Figures figures = Figures::Nominal;
    VirtualClock::time_point end{};      ///< of the last update
    VirtualClock::time_point run_end{};  ///< and of the last download
    std::int64_t updates = 0;
    std::int64_t missing_packets = 0;  ///< that never arrive, or too late
    double server_busy_s = 0;
    double compute_j = 0;
    double send_j = 0;
    double receive_j = 0;
    double wait_j = 0;
};

/// What a figure is one of.
enum class BoundKind : std::int8_t {  // the numbers are those of the run file
    Computing,
    Uplinks,
    Downlinks,
    Latency,
    ServerSteps,
    ServerLink,
    Absences,
};

/// How much a run's duration, downloads included, depends on a figure.
struct Bound {
    BoundKind kind = BoundKind::Computing;
    std::string key;   ///< `server.launch`; of all entries `link.*.uplink`
    std::string text;  ///< what it is, with its unit; of entries that differ, from .. to
    /// Relative change of the duration over that of the figure, when it gets a little worse: 1 =
    /// they grow together, 0 = it does not matter.  Of absences, the share that they take.
    double share = 0;
    /// The run's end with the figure halved and doubled; only of the first, and not of absences
    /// that no figure describes.
    std::optional<VirtualClock::time_point> halved, doubled;
    std::optional<VirtualClock::time_point> without;  ///< absences: with all devices always on
};

/// What is known of a run's duration and energy before it is made.
struct Outlook {
    /// With the figures that the run uses; then, where any of them has a band, with the other ends.
    std::vector<RunTotals> totals;
    /// The kinds that matter most first, within them the figures that do.
    std::vector<Bound> bounds;
    std::string skipped;  ///< what was not computed because the run is too large for it; or empty
};

/// Walks a run's timeline again with other figures, devices' draws and samples unchanged: nothing
/// is guessed, and runs with those figures take as long.
///
/// Costs about 20 walks of the timeline.  Of runs with more than `most_events` packets and updates
/// the bands alone are walked, of those with ten times as many nothing.
/// \param run  prepared, with whichever figures.
Outlook look_ahead(const PreparedRun& run, std::int64_t most_events = 200'000);

/// One line each: bands of duration and energy, and what bounds the run.  For `check` and summary.
std::string outlook_text(const Outlook& outlook);

/// `the server's steps`
std::string kind_name(BoundKind kind);

/// `nominal`, `low`, `high`
std::string figures_name(Figures figures);

}  // namespace mobi
