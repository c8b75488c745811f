// SPDX-License-Identifier: Apache-2.0
#include "config/validate.hpp"

#include <chrono>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/virtual_time.hpp"
#include "device/compute_model.hpp"

namespace mobi {
namespace {

class Validator {
  public:
    explicit Validator(const RunConfig& config) : config_(config) {}

    std::vector<ConfigProblem> run() {
        fleet();
        data();
        training();
        rounds();
        costs();
        for (const auto& [name, device] : config_.devices) figures(device);
        for (const auto& [name, link] : config_.links) figures(link);
        for (const auto& [name, availability] : config_.availability) pattern(availability);
        for (const auto& [name, backbone] : config_.backbones)
            require(!backbone.path.empty(), fmt::format("backbone.{}.path", name),
                    "accepted: a Hugging Face folder");
        return std::move(problems_);
    }

  private:
    void require(bool good, std::string key, std::string what) {
        if (!good) problems_.push_back({std::move(key), std::move(what)});
    }

    template <typename Entry>
    const Entry* entry(const std::map<std::string, Entry>& entries, const std::string& name) {
        const auto found = entries.find(name);
        return found == entries.end() ? nullptr : &found->second;
    }

    void fleet() {
        const FleetParameters& fleet = config_.fleet;
        require(!fleet.mix.empty(), "fleet.mix",
                "zero devices; accepted: <device>:<count> between blanks, e.g. jetson_tx2:34");
        std::int64_t devices = 0;
        for (const auto& [name, count] : fleet.mix) devices += count;
        require(devices <= kMostDevices, "fleet.mix",
                fmt::format("{} devices; accepted: up to {} in all", devices, kMostDevices));
        for (const auto& [name, count] : fleet.mix) {
            require(count > 0, "fleet.mix", fmt::format("zero devices of class '{}'", name));
            const DeviceProfile* device = entry(config_.devices, name);
            require(device != nullptr, "fleet.mix", fmt::format("no [device.{}] is defined", name));
            if (device == nullptr) continue;  // do not ask for the link of a misspelt class
            const auto link = fleet.links.find(name);
            require(link != fleet.links.end(), "fleet.links",
                    fmt::format("device class '{0}' has no link; accepted: {0}:<link>", name));
            if (link != fleet.links.end())
                for (const std::string& choice : link->second)
                    require(entry(config_.links, choice) != nullptr, "fleet.links",
                            fmt::format("no [link.{}] is defined", choice));
            const auto pattern = fleet.availability.find(name);
            if (pattern != fleet.availability.end())
                require(entry(config_.availability, pattern->second) != nullptr,
                        "fleet.availability",
                        fmt::format("no [availability.{}] is defined", pattern->second));
            const auto backbone = fleet.backbones.find(name);
            require(
                backbone != fleet.backbones.end() || !fleet.fit.empty(), "fleet.backbones",
                fmt::format(
                    "device class '{0}' has no backbone; accepted: {0}:<backbone>, or a choice by "
                    "memory in fleet.fit",
                    name));
            if (backbone != fleet.backbones.end())
                backbone_of(*device, entry(config_.backbones, backbone->second), backbone->second);
            else
                for (const std::string& choice : fleet.fit)
                    backbone_of(*device, entry(config_.backbones, choice), choice);
        }
    }

    void backbone_of(const DeviceProfile& device,
                     const BackboneParameters* backbone,
                     const std::string& name) {
        require(backbone != nullptr, "fleet.backbones",
                fmt::format("no [backbone.{}] is defined", name));
        if (backbone == nullptr) return;
        require(rate_flop_per_s(device, backbone->weight_dtype).has_value() ||
                    !std::isnan(device.time_per_sample_s) || !device.profile_file.empty(),
                fmt::format("device.{}.rate_fp32", device.name),
                fmt::format("neither this rate nor one that stands for it is known, and backbone "
                            "'{}' has weights that need it; set it, or backbone.{}.weight_dtype",
                            name, name));
    }

    void figures(const DeviceProfile& device) {
        const auto known = [&](double figure, std::string_view key) {
            require(!std::isnan(figure), fmt::format("device.{}.{}", device.name, key),
                    "no figure is known: set one");
        };
        known(device.memory_bytes, "memory");
        if (std::isnan(device.time_per_sample_s))
            known(device.memory_bandwidth_bytes_per_s, "memory_bandwidth");
        const std::string profile = fmt::format("device.{}.profile", device.name);
        require(device.profile_file.empty() || std::isnan(device.time_per_sample_s), profile,
                "time_per_sample is set too; accepted: one of the two");
        require(device.profile_file.empty() || device.t0_s == 0, profile,
                "t0 is set too, and the measured points have a start-up of their own; accepted: "
                "one of the two");
        if (device.battery_j > 0) known(device.compute_w, "power_compute");
    }

    void figures(const LinkProfile& link) {
        const auto known = [&](double figure, std::string_view key) {
            require(!std::isnan(figure), fmt::format("link.{}.{}", link.name, key),
                    "no figure is known: set one");
        };
        const bool from_profile = !link.atc_file.empty();
        const bool measured = link.trace_mean == TraceMean::Measured;
        const auto way = [&](std::string_view key, double rate, double deviation,
                             const std::string& trace) {
            if (!from_profile && (trace.empty() || !measured)) known(rate, key);
            require(trace.empty() || deviation == 0,
                    fmt::format("link.{}.{}_deviation", link.name, key),
                    "a trace says every rate; accepted with it: none");
            require(trace.empty() || link.spread == 0, fmt::format("link.{}.spread", link.name),
                    "a trace says every rate; accepted with it: 0");
        };
        way("uplink", link.uplink_bytes_per_s, link.uplink_deviation_bytes_per_s, link.trace_file);
        way("downlink", link.downlink_bytes_per_s, link.downlink_deviation_bytes_per_s,
            link.downlink_trace_file);
        if (link.cell_devices > 0) known(link.cell_uplink_bytes_per_s, "cell_uplink");
    }

    void pattern(const AvailabilityProfile& availability) {
        require(availability.kind != AvailabilityKind::Trace || !availability.trace_file.empty(),
                fmt::format("availability.{}.trace", availability.name),
                "accepted: a file of lines device,on_s,off_s");
        for (const auto& [key, time] : {std::pair("from", availability.daily_from_s),
                                        std::pair("to", availability.daily_to_s)})
            require(time <= 24 * 3600, fmt::format("availability.{}.{}", availability.name, key),
                    "accepted: a time of the day, up to 24 h");
    }

    void data() {
        const DataParameters& data = config_.data;
        require(!data.train.empty(), "data.train", "accepted: the path of the training text");
        if (data.task == TaskForm::Table) {
            require(!data.test.empty(), "data.test", "accepted: the path of the test text");
            require(!data.text.empty(), "data.text", "accepted: the name of a column");
            require(!data.label.empty(), "data.label", "accepted: the name of a column");
        }
        const bool table = data.task == TaskForm::Table;
        require(table || data.separator == TableSeparator::Auto, "data.separator",
                "a published task has its own form: accepted with data.task = table");
        require(table || data.quoting == TableQuoting::Auto, "data.quoting",
                "a published task has its own form: accepted with data.task = table");
        const bool shared = data.task == TaskForm::Mrpc || data.task == TaskForm::Rte ||
                            data.task == TaskForm::Cola || data.task == TaskForm::Sst2;
        require(data.split.rule != SplitRule::FedPetuning || shared, "data.split",
                "fedpetuning has shares for data.task = mrpc, rte, cola and sst2; accepted with "
                "another task: none, lst, or a share of train such as 0.1");
        require(config_.forward.batch_tokens >= data.max_tokens, "forward.batch_tokens",
                fmt::format("accepted: data.max_tokens = {} or more, so that a sample fits",
                            data.max_tokens));
    }

    void training() {
        require(config_.run.patience_s == 0 || config_.run.patience_s >= 1, "run.patience",
                "a rank is heard of some times a second at most: accepted: 0 s (for ever), or 1 s "
                "or more");
        const bool wall = config_.run.clock == RunClock::Wall;
        require(!wall || config_.run.compute == RunCompute::All, "run.compute",
                "the wall clock paces real packets; accepted with run.clock = wall: all");
        require(!wall || config_.method.name != "central_side", "run.clock",
                "method.name = central_side has no device to pace; accepted: virtual");
        const ServerParameters& server = config_.server;
        const bool with_labels = config_.loss.kind == LossKind::CeWithLabel;
        require(!with_labels || config_.packet.labels, "loss.kind",
                "cross-entropy needs the labels: accepted with packet.labels = true");
        require(config_.loss.kind != LossKind::CeResidual ||
                    config_.residual.output != ResidualOutput::Logits,
                "loss.kind",
                "ce_residual reads the label off the residual: accepted with residual.output = "
                "softmax or zero");
        require(!is_cross_entropy(config_.loss.kind) || config_.data.classes != "1", "loss.kind",
                "cross-entropy needs classes: not accepted for regression (data.classes = 1)");
        require(!config_.packet.labels || config_.data.classes != "1", "packet.labels",
                "a regression has no label to send: accepted with data.classes = 1: false");
        require(server.balance == Balance::None || server.sampler != Sampler::Permutation,
                "server.balance",
                "a permutation takes every sample once; accepted with server.sampler = auto or "
                "uniform");
        early_stop();
        require(server.deadline_s <= std::chrono::duration<double>(kLongestRun).count(),
                "server.deadline", "accepted: none, or at most 200 years (1752000 h)");
        const bool central = config_.method.name == "central_side";
        require(!central || server.mode != ServerMode::PerDevice, "server.mode",
                "method.name = central_side trains one network; accepted: any other mode");
        const bool replays = central || server.mode != ServerMode::ArrivalOnly;
        const bool on_arrival = !central && server.mode != ServerMode::ReplayAfterAll;
        require(server.balance != Balance::Passes || replays, "server.balance",
                "server.mode = arrival_only replays nothing, so that there is nothing to choose; "
                "accepted with it: none");
        require((replays && server.epochs > 0) || (on_arrival && server.updates_per_arrival > 0),
                "server.mode",
                "with server.updates_per_arrival and server.epochs as they are there is no update "
                "at all");
    }

    void early_stop() {
        if (config_.eval.patience == 0) return;
        const auto refuse_with = [&](bool wrong, std::string what) {
            require(!wrong, "eval.patience", std::move(what));
        };
        refuse_with(config_.data.split.rule == SplitRule::None,
                    "it would stop by the test set; accepted with a validation set: data.split = "
                    "fedpetuning, lst or a share");
        refuse_with(config_.run.compute != RunCompute::All,
                    "when it stops depends on what is learned; accepted with run.compute = all");
        const bool central = config_.method.name == "central_side";
        refuse_with(
            !central && config_.server.mode == ServerMode::ArrivalOnly,
            "server.mode = arrival_only ends with the last arrival; accepted with it: none");
        refuse_with(config_.server.mode == ServerMode::PerDevice,
                    "server.mode = per_device evaluates a network once, when it is done; accepted "
                    "with it: none");
    }

    void rounds() {
        const RoundParameters& rounds = config_.rounds;
        require(rounds.protocol != RoundProtocol::Sync || rounds.selected >= rounds.wanted,
                "rounds.selected",
                fmt::format("accepted with rounds.protocol = sync: rounds.wanted = {} or more",
                            rounds.wanted));
        require(rounds.deadline_s <= std::chrono::duration<double>(kLongestRun).count(),
                "rounds.deadline", "accepted: none, or at most 200 years (1752000 h)");
    }

    void costs() {
        for (const auto& [name, backbone] : config_.backbones)
            require(backbone.layers == 0 || config_.plan.layers <= backbone.layers, "plan.layers",
                    fmt::format("backbone '{}' keeps {} blocks; accepted: B, or at most as many as "
                                "the shallowest backbone has",
                                name, backbone.layers));
    }

    const RunConfig& config_;
    std::vector<ConfigProblem> problems_;
};

}  // namespace

std::vector<ConfigProblem> validate(const RunConfig& config) {
    return Validator(config).run();
}

}  // namespace mobi
