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
        const std::int32_t key = balance == Balance::None       ? 0
                                 : balance == Balance::Backbone ? device.backbone
                                                                : device.id;
        auto& samples = strata[key].samples;
        samples.insert(samples.end(), device.samples.begin(), device.samples.end());
    }
    std::vector<BatchSampler::Stratum> list;
    for (auto& [key, stratum] : strata)
        if (!stratum.samples.empty()) list.push_back(std::move(stratum));
    return list;
}

}  // namespace

Timeline::Timeline(const FleetPlan& plan, Arrivals& arrivals, TimelineSettings settings)
    : plan_(&plan), arrivals_(&arrivals), settings_(std::move(settings)) {
    std::vector<std::int32_t> admitted;
    std::int64_t packets = 0;
    for (const DevicePlan& device : plan.devices)
        if (device.admitted && !device.samples.empty()) {
            admitted.push_back(device.id);
            packets += plan.packets_of(device);
        }
    if (per_device()) {
        network_index_.assign(plan.devices.size(), 0);
        for (const std::int32_t id : admitted) {
            network_index_[static_cast<std::size_t>(id)] = networks_.size();
            const DevicePlan& device = plan.devices[static_cast<std::size_t>(id)];
            add_network(id, strata_of(plan, std::span(&id, 1), Balance::None),
                        plan.packets_of(device));
        }
    } else {
        add_network(0, strata_of(plan, admitted, settings_.server.balance), packets);
    }
    for (const Delivery& delivery : arrivals.planned()) ++network_of(delivery).deliveries;
    refuse_too_many_updates();
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

void Timeline::add_network(std::int32_t id,
                           const std::vector<BatchSampler::Stratum>& strata,
                           std::int64_t packets) {
    const ServerParameters& server = settings_.server;
    const auto key = per_device() ? static_cast<std::uint32_t>(id) + 1 : 0;
    Network network{id, BatchSampler(server, settings_.seed, key, strata)};
    const std::int64_t batches = (network.sampler.planned() + server.batch - 1) / server.batch;
    if (settings_.train_after_all || server.mode != ServerMode::ArrivalOnly)
        network.replays = server.epochs * batches;
    network.updates_planned = network.replays;
    if (updates_on_arrival()) network.updates_planned += server.updates_per_arrival * packets;
    networks_.push_back(std::move(network));
}

Timeline::Network& Timeline::network_of(const Delivery& delivery) {
    return per_device() ? networks_[network_index_[static_cast<std::size_t>(delivery.device)]]
                        : networks_.front();
}

void Timeline::take(const Delivery& delivery) {
    free_ = std::max(free_, delivery.times.arrival);
    Network& network = network_of(delivery);
    for (const std::int32_t id : delivery.samples) {
        if (!network.sampler.insert(id)) continue;
        arrived_.push_back(id);
        ++inbox_samples_;
    }
    ++network.arrived;
    ++taken_;
    if (updates_on_arrival()) updates_left_of_arrival_ = settings_.server.updates_per_arrival;
}

Timeline::Network* Timeline::due_for_replay() {
    for (std::size_t i = 0; i < networks_.size(); ++i) {
        Network& network = networks_[(turn_ + i) % networks_.size()];
        if (network.sampler.size() == 0) continue;
        // Never ahead of what has arrived, or replay would spend the schedule before slow devices
        // upload; what is missing from T in the end, since packets never came, follows.  R (a
        // size, a count) stays far below 2^31, so that the product is exact.
        const std::int64_t on_arrival = network.updates_done - network.replays_done;
        const std::int64_t allowed =
            all_here_ && network.replays > 0
                ? network.updates_planned - on_arrival
                : network.replays * network.sampler.size() / network.sampler.planned();
        if (network.replays_done >= allowed) continue;
        turn_ = (turn_ + i + 1) % networks_.size();
        return &network;
    }
    return nullptr;
}

Update Timeline::make_step(Network& network, UpdateKind kind, std::vector<std::int32_t> samples) {
    Update step;
    step.update = updates_++;
    step.kind = kind;
    step.network = network.id;
    step.network_update = network.updates_done++;
    step.start = free_;
    step.end = free_ = later(free_, settings_.update_time(samples), kServerWork);
    step.samples = std::move(samples);
    step.arrived = std::exchange(arrived_, {});
    step.inbox_samples = inbox_samples_;
    step.deliveries_used = taken_;
    step.waiting = static_cast<std::int32_t>(arrivals_->count_by(step.start) - taken_);
    return step;
}

std::optional<Update> Timeline::next() {
    while (true) {
        if (updates_left_of_arrival_ > 0) {
            --updates_left_of_arrival_;
            const Delivery& delivery = *arrivals_->get(taken_ - 1);
            std::vector<std::int32_t> samples = delivery.samples;
            std::sort(samples.begin(), samples.end());
            Update step = make_step(network_of(delivery), UpdateKind::Arrival, std::move(samples));
            step.delivery = taken_ - 1;
            return step;
        }
        if (settings_.train_after_all || arrivals_->count_by(free_) > taken_) {
            if (const Delivery* const delivery = arrivals_->get(taken_)) {
                take(*delivery);
                continue;
            }
        }
        if (Network* network = due_for_replay()) {
            ++network->replays_done;
            const bool complete = all_here_ || network->arrived == network->deliveries;
            std::vector<std::int32_t> batch =
                network->sampler.draw(network->updates_done, complete);
            return make_step(*network, UpdateKind::Replay, std::move(batch));
        }
        if (const Delivery* const delivery = arrivals_->get(taken_))
            take(*delivery);
        else if (std::exchange(all_here_, true))
            return std::nullopt;
    }
}

std::int64_t Timeline::updates_planned(std::int32_t network) const {
    for (const Network& candidate : networks_)
        if (candidate.id == network) return candidate.updates_planned;
    throw Bug("no such network");
}

std::int64_t Timeline::updates_planned() const {
    std::int64_t total = 0;
    for (const Network& network : networks_) total += network.updates_planned;
    return total;
}

std::vector<std::int32_t> Timeline::networks() const {
    std::vector<std::int32_t> ids;
    for (const Network& network : networks_) ids.push_back(network.id);
    return ids;
}

}  // namespace mobi
