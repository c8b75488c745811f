// SPDX-License-Identifier: Apache-2.0
#include "method/side/timeline.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/virtual_time.hpp"

namespace mobi {
namespace {

/// The strata of `server.balance` over the samples of the given devices.
std::vector<BatchSampler::Stratum> strata_of(const FleetPlan& plan,
                                             std::span<const std::int32_t> devices,
                                             Balance balance) {
    std::map<std::int32_t, BatchSampler::Stratum> strata;
    for (const std::int32_t id : devices) {
        const DevicePlan& device = plan.devices[static_cast<std::size_t>(id)];
        const std::int32_t key = balance == Balance::Backbone ? device.backbone
                                 : balance == Balance::Device ? device.id
                                                              : 0;
        auto& samples = strata[key].samples;
        samples.insert(samples.end(), device.samples.begin(), device.samples.end());
    }
    std::vector<BatchSampler::Stratum> list;
    for (auto& [key, stratum] : strata)
        if (!stratum.samples.empty()) list.push_back(std::move(stratum));
    return list;
}

}  // namespace

Timeline::Timeline(const FleetPlan& plan, TimelineSettings settings)
    : plan_(&plan), settings_(std::move(settings)) {
    std::vector<std::int32_t> admitted;
    for (const DevicePlan& device : plan.devices)
        if (device.admitted && !device.samples.empty()) admitted.push_back(device.id);
    if (per_device()) {
        model_index_.assign(plan.devices.size(), 0);
        for (const std::int32_t id : admitted) {
            model_index_[static_cast<std::size_t>(id)] = models_.size();
            const DevicePlan& device = plan.devices[static_cast<std::size_t>(id)];
            add_model(id, strata_of(plan, std::span(&id, 1), Balance::None),
                      plan.packets_of(device));
        }
    } else {
        add_model(0, strata_of(plan, admitted, settings_.server.balance), plan.packets_planned());
    }
    refuse_too_many_updates();
}

void Timeline::begin(Arrivals arrivals) {
    arrivals_.emplace(std::move(arrivals));
    for (std::size_t id = 0; id < plan_->devices.size(); ++id)
        if (const std::int64_t awaited = arrivals_->awaited()[id]; awaited > 0)
            model_of(static_cast<std::int32_t>(id)).awaited += awaited;
}

void Timeline::refuse_too_many_updates() const {
    constexpr int kAnyFleet = 100;
    constexpr std::int64_t kMost = 10'000'000;
    const ServerParameters& server = settings_.server;
    if (server.epochs <= kAnyFleet && server.updates_per_arrival <= kAnyFleet) return;
    if (updates_planned() > kMost)
        throw ConfigError(fmt::format(
            "server.epochs = {}, server.updates_per_arrival = {}: {} updates; accepted: up to {} "
            "each, or more where there are no more than {} updates",
            server.epochs, server.updates_per_arrival, updates_planned(), kAnyFleet, kMost));
}

void Timeline::add_model(std::int32_t id,
                         const std::vector<BatchSampler::Stratum>& strata,
                         std::int64_t packets) {
    const ServerParameters& server = settings_.server;
    const auto key = per_device() ? static_cast<std::uint32_t>(id) + 1 : 0;
    Model model{id, BatchSampler(server, settings_.seed, key, strata)};
    const std::int64_t batches = (model.sampler.planned() + server.batch - 1) / server.batch;
    if (settings_.train_after_all || server.mode != ServerMode::ArrivalOnly)
        model.replays = server.epochs * batches;
    model.updates_planned = model.replays;
    if (updates_on_arrival()) model.updates_planned += server.updates_per_arrival * packets;
    models_.push_back(std::move(model));
}

Timeline::Model& Timeline::model_of(std::int32_t device) {
    return per_device() ? models_[model_index_[static_cast<std::size_t>(device)]] : models_.front();
}

void Timeline::take(const Arrival& arrival) {
    free_ = std::max(free_, arrival.at);
    Model& model = model_of(arrival.device);
    bool first_pass = false;
    for (const std::int32_t id : arrival.samples)
        if (model.sampler.insert(id)) {
            ++inbox_samples_;
            first_pass = true;
        }
    if (first_pass && updates_on_arrival())
        model.sampler.count(arrival.samples, passes_on_arrival(arrival));
    ++model.arrived;
    ++taken_;
    inputs_.push_back(arrival.event);
    if (updates_on_arrival()) updates_left_of_arrival_ = settings_.server.updates_per_arrival;
}

std::int32_t Timeline::passes_on_arrival(const Arrival& first) const {
    const auto index = static_cast<std::size_t>(first.device);
    const std::int64_t packets_a_pass =
        plan_->packets_of(plan_->devices[index]) / plan_->device_epochs;
    const std::int64_t behind = arrivals_->awaited()[index] - 1 - first.packet;
    return static_cast<std::int32_t>(settings_.server.updates_per_arrival *
                                     (1 + std::max<std::int64_t>(behind, 0) / packets_a_pass));
}

std::int64_t Timeline::held_back(const Model& model) const {
    if (settings_.server.balance != Balance::Passes || is_complete(model)) return 0;
    const std::int64_t planned = model.sampler.planned();
    const std::int64_t batch = std::min<std::int64_t>(settings_.server.batch, planned);
    const std::int64_t passes = (model.replays * batch + planned - 1) / planned;
    return std::max((model.replays + 1) / 2, passes);
}

Timeline::Model* Timeline::due_for_replay() {
    for (std::size_t i = 0; i < models_.size(); ++i) {
        Model& model = models_[(turn_ + i) % models_.size()];
        if (model.sampler.size() == 0) continue;
        // Never ahead of what has arrived, or replay would spend the schedule before slow devices
        // upload; what is missing from T in the end, since packets never came, follows.  R (a
        // size, a count) stays far below 2^31, so that the product is exact.
        const std::int64_t on_arrival = model.updates_done - model.replays_done;
        const std::int64_t allowed = all_here_ && model.replays > 0
                                         ? model.updates_planned - on_arrival
                                         : (model.replays - held_back(model)) *
                                               model.sampler.size() / model.sampler.planned();
        if (model.replays_done >= allowed) continue;
        turn_ = (turn_ + i + 1) % models_.size();
        return &model;
    }
    return nullptr;
}

Step Timeline::make_step(FleetClock& fleet,
                         Model& model,
                         StepKind kind,
                         std::vector<std::int32_t> samples) {
    Step step;
    step.number = updates_++;
    step.kind = kind;
    if (per_device()) step.device = DeviceId(model.id);
    step.model = model.id;
    step.model_step = model.updates_done++;
    step.model_steps = model.updates_planned;
    step.start = free_;
    step.end = free_ = later(free_, settings_.update_time(samples), kServerWork);
    if (settings_.update_launches) step.launches = settings_.update_launches(samples);
    step.samples = std::move(samples);
    step.inputs = std::exchange(inputs_, {});
    step.kept_samples = inbox_samples_;
    step.decides = counts_towards_patience(model);
    step.waiting = static_cast<std::int32_t>(arrivals_->count_by(fleet, step.start) - taken_);
    return step;
}

bool Timeline::counts_towards_patience(const Model& model) const {
    const EvalParameters& eval = settings_.eval;
    return eval.patience > 0 && !per_device() && is_complete(model) && updates_ % eval.every == 0;
}

void Timeline::tell(double metric) {
    if (metric > best_metric_) {
        best_metric_ = metric;
        evaluations_since_best_ = 0;
    } else if (++evaluations_since_best_ >= settings_.eval.patience) {
        stopped_ = true;
    }
}

std::optional<Step> Timeline::next(FleetClock& fleet) {
    if (stopped_) return std::nullopt;
    while (true) {
        if (updates_left_of_arrival_ > 0) {
            --updates_left_of_arrival_;
            const Arrival arrival = *arrivals_->get(fleet, taken_ - 1);
            std::vector<std::int32_t> samples(arrival.samples.begin(), arrival.samples.end());
            std::sort(samples.begin(), samples.end());
            Step step =
                make_step(fleet, model_of(arrival.device), StepKind::Update, std::move(samples));
            step.arrival = arrival.event;
            step.device = DeviceId(arrival.device);
            return step;
        }
        if (settings_.train_after_all || arrivals_->count_by(fleet, free_) > taken_) {
            if (const Arrival* const arrival = arrivals_->get(fleet, taken_)) {
                take(*arrival);
                continue;
            }
        }
        if (Model* model = due_for_replay()) {
            ++model->replays_done;
            std::vector<std::int32_t> batch =
                model->sampler.draw(model->updates_done, is_complete(*model));
            return make_step(fleet, *model, StepKind::Replay, std::move(batch));
        }
        if (const Arrival* const arrival = arrivals_->get(fleet, taken_))
            take(*arrival);
        else if (std::exchange(all_here_, true))
            return std::nullopt;
    }
}

std::int64_t Timeline::updates_planned() const {
    std::int64_t total = 0;
    for (const Model& model : models_) total += model.updates_planned;
    return total;
}

}  // namespace mobi
