// SPDX-License-Identifier: Apache-2.0
#include "prepare/outlook.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "config/figures.hpp"
#include "config/options.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "method/device_costs.hpp"
#include "prepare/run_record.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;

constexpr double kLittleWorse = 1.02;
constexpr double kLeastShare = 0.005;  // what matters less is not said

double seconds(Time time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

BoundKind kind_of(const FigureRef& figure) {
    const std::string& key = figure.key;
    if (figure.section == "availability") return BoundKind::Absences;
    if (figure.section == "device") return BoundKind::Computing;
    if (figure.section == "server")
        return key == "access_rate" ? BoundKind::ServerLink : BoundKind::ServerSteps;
    if (key == "uplink" || key == "cell_uplink") return BoundKind::Uplinks;
    if (key == "downlink" || key == "cell_downlink") return BoundKind::Downlinks;
    return BoundKind::Latency;
}

/// What sets a figure of a run: its key, or the file that is read in its place.
std::string set_by(const RunConfig& config, const FigureRef& figure) {
    if (figure.section != "link") return figure.name();
    const LinkProfile& link = config.links.at(figure.entry);
    const auto other = [&](std::string_view key) {
        return fmt::format("link.{}.{}", figure.entry, key);
    };
    const bool of_profile =
        figure.key == "uplink" || figure.key == "downlink" || figure.key == "latency";
    if (!link.atc_file.empty() && of_profile) return other("atc_profile");
    if (link.trace_mean == TraceMean::Link) return figure.name();
    if (figure.key == "uplink" && !link.trace_file.empty()) return other("trace");
    if (figure.key == "downlink" && !link.downlink_trace_file.empty())
        return other("downlink_trace");
    return figure.name();
}

bool takes_time(const FigureRef& figure) {
    return !figure.key.starts_with("power_");
}

/// Whether what reaches the server of a method that settles, and when, does not depend on it.
bool is_of_steps(const FigureRef& figure) {
    return figure.section == "server" && figure.key != "access_rate";
}

/// A figure, or the same of all entries.
struct Family {
    std::string key;
    std::vector<FigureRef> members;

    std::string text() const {
        const auto by_value = [](const FigureRef& a, const FigureRef& b) {
            return a.value < b.value;
        };
        const auto [least, most] = std::minmax_element(members.begin(), members.end(), by_value);
        return least->value == most->value ? least->text
                                           : fmt::format("{} to {}", least->text, most->text);
    }
    double worse_factor(double times) const {
        return members.front().cheaper == Cheaper::WithMore ? 1 / times : times;
    }
};

std::vector<Family> families_of(const RunConfig& config) {
    std::vector<Family> families;
    for (FigureRef& figure : figures_of(config)) {
        if (!takes_time(figure)) continue;
        const auto same = std::find_if(families.begin(), families.end(), [&](const Family& family) {
            return family.members.front().family() == figure.family();
        });
        if (same != families.end()) {
            same->key = figure.family();
            same->members.push_back(std::move(figure));
        } else {
            families.push_back({set_by(config, figure), {figure}});
        }
    }
    return families;
}

/// A link's traces keep to its rates.
void scale_traces(LinkProfile& link) {
    const auto scale = [](std::shared_ptr<const RateTrace>& trace, double bytes_per_s) {
        if (trace != nullptr)
            trace = std::make_shared<const RateTrace>(trace->scaled_to(bytes_per_s * 8));
    };
    scale(link.trace, link.uplink_bytes_per_s);
    scale(link.downlink_trace, link.downlink_bytes_per_s);
}

class Walker {
  public:
    explicit Walker(const PreparedRun& run) : run_(run) {}

    /// Nothing: not a packet arrives, or it takes more than 200 years.
    std::optional<RunTotals> totals(Figures figures) const {
        RunConfig config = run_.config;
        use_figures(config, figures);
        for (auto& [name, link] : config.links) read_files_of(link);
        return walk(config, nullptr, 1, false, true);
    }

    std::optional<Time> end_with(const Family& family, double factor) const {
        RunConfig config = run_.config;
        const bool of_entries =
            family.members.front().section == "device" || family.members.front().section == "link";
        const bool by_device = of_entries && !config.fleet.devices_file.empty();
        const Family* const changed_devices = by_device ? &family : nullptr;
        if (!by_device)
            for (const FigureRef& figure : family.members) {
                multiply(config, figure, factor);
                if (figure.section == "link" &&
                    (figure.key == "uplink" || figure.key == "downlink"))
                    scale_traces(config.links.at(figure.entry));
            }
        const auto totals =
            walk(config, changed_devices, factor, is_of_steps(family.members.front()), false);
        return totals ? std::optional(totals->run_end) : std::nullopt;
    }

    std::optional<Time> end_without_absences() const {
        RunConfig config = run_.config;
        config.fleet.availability.clear();
        const auto totals = walk(config, nullptr, 1, false, false);
        return totals ? std::optional(totals->run_end) : std::nullopt;
    }

  private:
    /// The run's plan with the devices of another configuration.
    /// \param of_devices  a figure that each device has of its own; null: none.
    FleetPlan plan_of(const RunConfig& config, const Family* of_devices, double factor) const {
        FleetPlan plan = run_.plan;
        std::vector<Device> fleet = make_fleet(
            {config.fleet, config.devices, config.links, config.availability, config.run.seed});
        for (std::size_t i = 0; i < fleet.size(); ++i) {
            plan.devices[i].profile = std::move(fleet[i].profile);
            plan.devices[i].link = std::move(fleet[i].link);
            plan.devices[i].availability = std::move(fleet[i].availability);
            if (of_devices != nullptr) multiply_own(plan.devices[i], *of_devices, factor);
        }
        return plan;
    }

    static void multiply_own(DevicePlan& device, const Family& family, double factor) {
        const std::string& name = family.members.front().key;
        if (family.members.front().section == "device") {
            for (const auto& key : device_keys())
                if (key.name == name) key.figure(device.profile) *= factor;
            return;
        }
        for (const auto& key : link_keys())
            if (key.name == name) key.figure(device.link) *= factor;
        if (name == "uplink" || name == "downlink") scale_traces(device.link);
    }

    /// \param same_packets  what reaches the server is that of the run.
    std::optional<RunTotals> walk(const RunConfig& config,
                                  const Family* of_devices,
                                  double factor,
                                  bool same_packets,
                                  bool energies) const try {
        const std::unique_ptr<Method> method = make_method(config);
        if (run_.settled && same_packets)
            return totals_of(
                foresee_run({config, run_.plan, *method, run_.deliveries, run_.leftovers}));
        const FleetPlan plan = plan_of(config, of_devices, factor);
        if (!run_.settled) {
            const TaskWalk walked = walk_tasks(config, plan, *method);
            if (walked.deliveries.arrived.empty()) return std::nullopt;
            RunTotals totals = totals_of(walked.timeline);
            add(config, plan, walked.deliveries, energies, totals);
            return totals;
        }
        const Deliveries all = method->settle(plan);
        if (all.arrived.empty()) return std::nullopt;
        RunTotals totals =
            totals_of(foresee_run({config, plan, *method, all.arrived, all.leftovers}));
        add(config, plan, all, energies && method->uploads(), totals);
        return totals;
    } catch (const ConfigError&) {
        return std::nullopt;
    }

    static RunTotals totals_of(const TimelineEnd& timeline) {
        RunTotals totals;
        totals.end = timeline.end;
        totals.run_end = timeline.run_end;
        totals.updates = timeline.updates;
        totals.server_busy_s = timeline.busy_s;
        totals.receive_j = timeline.download_energy_j;
        return totals;
    }

    static void add(const RunConfig& config,
                    const FleetPlan& plan,
                    const Deliveries& all,
                    bool energies,
                    RunTotals& totals) {
        totals.figures = config.run.figures;
        totals.missing_packets = all.missing;
        if (!energies) return;
        std::vector<const Delivery*> arrived;
        arrived.reserve(all.arrived.size());
        for (const Delivery& delivery : all.arrived) {
            arrived.push_back(&delivery);
            totals.compute_j += delivery.compute_energy_j;
            totals.send_j += delivery.send_energy_j;
        }
        for (const DeviceCosts& costs : device_costs(plan, arrived, all.lost, {}, config.run.seed))
            totals.wait_j += costs.wait_j;
    }

    const PreparedRun& run_;
};

/// How much the duration grows with a figure.
double share_of(Time now, std::optional<Time> worse) {
    if (!worse || seconds(now) <= 0) return 0;
    return (seconds(*worse) / seconds(now) - 1) / (kLittleWorse - 1);
}

/// The one member of a family that is worth as much as the whole when it gets a little better, if
/// there is one; of members that hold the run up together, none is.
Family narrowed(const RunConfig& config, const Walker& walker, Time now, const Family& family) {
    constexpr double kAsMuch = 0.9;
    constexpr std::size_t kMostMembers = 8;
    if (family.members.size() == 1 || family.members.size() > kMostMembers) return family;
    const auto gain_of = [&](const Family& one) {
        const auto better = walker.end_with(one, one.worse_factor(1 / kLittleWorse));
        return better ? seconds(now) - seconds(*better) : 0.0;
    };
    const double whole = gain_of(family);
    if (whole <= 0) return family;
    for (const FigureRef& figure : family.members) {
        const Family alone{set_by(config, figure), {figure}};
        if (gain_of(alone) >= kAsMuch * whole) return alone;
    }
    return family;
}

std::vector<Bound> bounds_of(const PreparedRun& run) {
    const Walker walker(run);
    const Time now = run.timeline.run_end;
    if (now <= Time{}) return {};
    std::vector<std::pair<Bound, Family>> found;
    std::map<BoundKind, double> of_kind;
    for (const Family& family : families_of(run.config)) {
        const double share =
            share_of(now, walker.end_with(family, family.worse_factor(kLittleWorse)));
        if (share < kLeastShare) continue;
        const BoundKind kind = kind_of(family.members.front());
        found.push_back({{kind, family.key, family.text(), share, {}, {}, {}}, family});
        of_kind[kind] += share;
    }
    if (!run.config.fleet.availability.empty()) {
        Bound absences{BoundKind::Absences,          "fleet.availability", "", 0, {}, {},
                       walker.end_without_absences()};
        if (absences.without) absences.share = 1 - seconds(*absences.without) / seconds(now);
        of_kind[absences.kind] = absences.share;
        if (absences.share >= kLeastShare) found.push_back({absences, {}});
    }
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
        const auto rank = [&](const Bound& bound) {
            return std::pair(of_kind.at(bound.kind), bound.share);
        };
        return rank(a.first) > rank(b.first);
    });
    std::vector<Bound> bounds;
    for (auto& [bound, family] : found) {
        if (bounds.empty() && !family.members.empty()) {
            const bool single_devices = !run.config.fleet.devices_file.empty();
            if (!single_devices) family = narrowed(run.config, walker, now, family);
            bound.key = family.key;
            bound.text = family.text();
            bound.halved = walker.end_with(family, 0.5);
            bound.doubled = walker.end_with(family, 2);
        }
        bounds.push_back(std::move(bound));
    }
    return bounds;
}

std::int64_t events_of(const PreparedRun& run) {
    return static_cast<std::int64_t>(run.deliveries.size()) + run.tasks + run.timeline.updates;
}

std::string end_text(std::optional<Time> end) {
    return end ? human_seconds(seconds(*end)) : "no end";
}

double energy_of(const RunTotals& totals) {
    return totals.compute_j + totals.send_j + totals.receive_j;
}

/// `nominal 2 s, low 1 s, high 3 s`, the run's own first.
template <typename Say>
std::string each(const Outlook& outlook, Say say) {
    std::string text;
    for (const RunTotals& totals : outlook.totals)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", figures_name(totals.figures),
                            say(totals));
    return text;
}

std::string bound_line(const Bound& bound) {
    std::string text = fmt::format("bound by           {} ({:.0f} %), {}", kind_name(bound.kind),
                                   100 * bound.share, bound.key);
    if (!bound.text.empty()) text += fmt::format(" = {}", bound.text);
    if (bound.without)
        return text + fmt::format(": {} with all devices always on\n", end_text(bound.without));
    return text + fmt::format(": {} with half of it, {} with twice as much\n",
                              end_text(bound.halved), end_text(bound.doubled));
}

}  // namespace

std::string kind_name(BoundKind kind) {
    switch (kind) {
        case BoundKind::Computing:
            return "the devices' computing";
        case BoundKind::Uplinks:
            return "the uplinks";
        case BoundKind::Downlinks:
            return "the downlinks";
        case BoundKind::Latency:
            return "the links' latency";
        case BoundKind::ServerSteps:
            return "the server's steps";
        case BoundKind::ServerLink:
            return "the server's link";
        case BoundKind::Absences:
            return "absences";
    }
    return {};
}

std::string figures_name(Figures figures) {
    switch (figures) {
        case Figures::Nominal:
            return "nominal";
        case Figures::Low:
            return "low";
        case Figures::High:
            return "high";
    }
    return {};
}

Outlook look_ahead(const PreparedRun& run, std::int64_t most_events) {
    constexpr std::int64_t kTimesForBands = 10;
    Outlook outlook;
    const std::int64_t events = events_of(run);
    if (events > kTimesForBands * most_events) {
        outlook.skipped = fmt::format(
            "bands and what bounds the run: {} packets and updates, more "
            "than {}",
            events, kTimesForBands * most_events);
        return outlook;
    }
    const Walker walker(run);
    const std::vector<FigureRef> figures = figures_of(run.config);
    const bool banded = std::any_of(figures.begin(), figures.end(),
                                    [](const FigureRef& figure) { return figure.banded; });
    const Figures own = run.config.run.figures;
    if (const auto totals = walker.totals(own)) outlook.totals.push_back(*totals);
    for (const Figures end : {Figures::Nominal, Figures::Low, Figures::High})
        if (banded && end != own)
            if (const auto totals = walker.totals(end)) outlook.totals.push_back(*totals);
    if (events > most_events)
        outlook.skipped = fmt::format("what bounds the run: {} packets and updates, more than {}",
                                      events, most_events);
    else
        outlook.bounds = bounds_of(run);
    return outlook;
}

std::string outlook_text(const Outlook& outlook) {
    std::string text;
    if (outlook.totals.size() > 1) {
        text += fmt::format("band of time       {}, downloads included\n",
                            each(outlook, [](const RunTotals& totals) {
                                return human_seconds(seconds(totals.run_end));
                            }));
        const bool known =
            std::none_of(outlook.totals.begin(), outlook.totals.end(),
                         [](const RunTotals& totals) { return std::isnan(energy_of(totals)); });
        text += fmt::format(
            "band of energy     {}\n",
            known ? each(outlook,
                         [](const RunTotals& totals) { return human(energy_of(totals), "J"); }) +
                        ", waiting not included"
                  : "not known: a device or a link has no power figure");
    }
    if (!outlook.bounds.empty()) text += bound_line(outlook.bounds.front());
    if (!outlook.skipped.empty()) text += fmt::format("not computed       {}\n", outlook.skipped);
    return text;
}

}  // namespace mobi
