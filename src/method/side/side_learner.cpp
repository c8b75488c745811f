// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_learner.hpp"

#include <algorithm>
#include <utility>

#include <ATen/Parallel.h>

namespace mobi {
namespace {

std::vector<NamedValues> values_of(const SideNetwork& network) {
    std::vector<NamedValues> state;
    for (const auto& [name, tensor] : network.parameters()) {
        const float* const values = tensor.data_ptr<float>();
        state.push_back({name, {values, values + tensor.numel()}});
    }
    return state;
}

}  // namespace

SideLearner::SideLearner(const SideSettings& settings,
                         const FleetPlan& plan,
                         std::shared_ptr<const EvaluationData> evaluation,
                         LearnerSink sink)
    : settings_(settings),
      shape_(plan, settings),
      inbox_(plan, shape_.sources, shape_.side.classes),
      sink_(std::move(sink)),
      trainer_(settings,
               plan,
               shape_,
               inbox_,
               std::move(evaluation),
               {[this](const StepResult& result) {
                    if (per_device())
                        results_.push_back(result);
                    else
                        sink_.step(result);
                },
                sink_.evaluation,
                {},
                sink_.test}) {}

void SideLearner::begin_thread() {
    at::set_num_threads(1);  // of this thread; the order of sums must not depend on the machine
}

void SideLearner::take(const Input& input) {
    const Packet& packet = std::get<Packet>(input.payload);
    trainer_.count(inbox_.insert(packet));
}

void SideLearner::train(const Step& step) {
    trainer_.run(step);
    done_.fetch_add(1, std::memory_order_relaxed);
}

void SideLearner::run(const Step& step) {
    if (per_device())
        kept_.push_back(step);
    else
        train(step);
}

void SideLearner::finish(VirtualClock::time_point end) {
    std::stable_sort(kept_.begin(), kept_.end(),
                     [](const Step& a, const Step& b) { return a.model < b.model; });
    for (auto next = static_cast<std::size_t>(finished_); next < kept_.size(); ++next) {
        if (abandoned_) return;
        train(kept_[next]);
        ++finished_;
        if (sink_.between) sink_.between();
    }
    trainer_.finish(end, [this] { return abandoned_.load(); });
    std::sort(results_.begin(), results_.end(),
              [](const StepResult& a, const StepResult& b) { return a.step < b.step; });
    for (const StepResult& result : results_) sink_.step(result);
}

void SideLearner::archive(Archive& archive) {
    std::int64_t done = done_;
    archive(kept_, finished_, results_, done);
    done_ = done;
    trainer_.archive(archive);
}

std::vector<NamedValues> SideLearner::state() const {
    if (trainer_.network() == nullptr)
        return values_of(SideNetwork(shape_.side, settings_.side, settings_.align, settings_.seed));
    return per_device() ? std::vector<NamedValues>() : values_of(*trainer_.network());
}

std::vector<NamedValues> SideLearner::best_state() const {
    const SideNetwork* const best = trainer_.best_network();
    return best == nullptr ? std::vector<NamedValues>() : values_of(*best);
}

}  // namespace mobi
