// SPDX-License-Identifier: Apache-2.0
#include "method/side/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <torch/torch.h>

#include "core/check.hpp"
#include "core/clock.hpp"
#include "core/rng.hpp"
#include "learn/archive_tensors.hpp"
#include "method/side/loss.hpp"
#include "method/side/mixup.hpp"

namespace mobi {
namespace {

/// Adds the wall time of a scope to a sum.
class Stopwatch {
  public:
    explicit Stopwatch(double& sum) : sum_(sum), start_(WallClock::now()) {}
    ~Stopwatch() { sum_ += (WallClock::now() - start_).count(); }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    double& sum_;
    WallClock::time_point start_;
};

/// The mean over several networks or projections of one backbone type.
EvaluationScore mean(const std::vector<EvaluationScore>& scores) {
    EvaluationScore result;
    result.score.confusion.assign(scores.front().score.confusion.size(), 0);
    const auto count = static_cast<double>(scores.size());
    for (const EvaluationScore& one : scores) {
        result.score.metric += one.score.metric / count;
        result.score.f1 += one.score.f1 / count;
        result.loss += one.loss / count;
        for (std::size_t i = 0; i < one.score.confusion.size(); ++i)
            result.score.confusion[i] += one.score.confusion[i];
    }
    return result;
}

/// From rows of the batch to samples in their order.
void set_mixture(const Mixture& mixture,
                 const TrainingBatch& batch,
                 std::span<const std::int32_t> samples,
                 StepResult& result) {
    result.partners.resize(samples.size());
    result.shares.resize(samples.size());
    for (std::size_t row = 0; row < samples.size(); ++row) {
        const std::size_t place = batch.order[row];
        const auto partner = static_cast<std::size_t>(mixture.partner[row]);
        result.partners[place] = samples[batch.order[partner]];
        result.shares[place] = mixture.share[row];
    }
}

}  // namespace

Trainer::Trainer(const SideSettings& settings,
                 const FleetPlan& plan,
                 const FleetShape& shape,
                 const Inbox& inbox,
                 std::shared_ptr<const EvaluationData> evaluation,
                 LearnerSink sink)
    : settings_(settings),
      plan_(plan),
      shape_(shape),
      inbox_(inbox),
      evaluation_(std::move(evaluation)),
      sink_(std::move(sink)),
      class_counts_(static_cast<std::int32_t>(plan.backbones.size()), shape.side.classes) {}

void Trainer::begin_network(std::int32_t id, std::int64_t planned) {
    end_network();
    network_ = new_network();
    optimizer_ = std::make_unique<Optimizer>(network_->parameters(), settings_.optimizer, planned);
    network_id_ = id;
    network_steps_ = planned;
}

void Trainer::archive(Archive& archive) {
    bool begun = network_ != nullptr;
    archive(begun);
    if (begun) {
        std::int32_t id = network_id_;
        std::int64_t steps = network_steps_;
        archive(id, steps);
        if (archive.reads()) {
            network_ = nullptr;  // nothing is to be scored
            begin_network(id, steps);
        }
        archive_tensors(archive, network_->parameters());
        optimizer_->archive(archive);
    }
    auto snapshots = static_cast<std::int64_t>(snapshots_.size());
    archive(snapshots, updates_done_, evaluated_at_, device_scores_);
    if (archive.reads()) snapshots_.resize(static_cast<std::size_t>(snapshots));
    for (Snapshot& one : snapshots_) this->archive(archive, one);
    if (!is_split()) return;
    bool has_best = best_.network != nullptr;
    archive(has_best, best_metric_, device_tests_);
    if (has_best) this->archive(archive, best_);
}

void Trainer::archive(Archive& archive, Snapshot& snapshot) const {
    if (archive.reads()) snapshot.network = new_network();
    archive(snapshot.updates, snapshot.time);
    archive_tensors(archive, snapshot.network->parameters());
}

std::unique_ptr<SideNetwork> Trainer::new_network() const {
    return std::make_unique<SideNetwork>(shape_.side, settings_.side, settings_.align,
                                         settings_.seed);
}

Trainer::Snapshot Trainer::snapshot_of(const SideNetwork& network,
                                       std::int64_t updates,
                                       VirtualClock::time_point time) const {
    Snapshot snapshot{updates, time, new_network()};
    for (const auto& [name, tensor] : network.parameters())
        snapshot.network->set(name, tensor.detach());
    return snapshot;
}

void Trainer::end_network() {
    if (!per_device() || network_ == nullptr || evaluation_ == nullptr) return;
    const Stopwatch watch(evaluation_s_);
    const DevicePlan& device = plan_.devices[static_cast<std::size_t>(network_id_)];
    const auto add_to = [&](ScoresByBackbone& scores, EvaluationPart part) {
        scores[device.backbone].push_back(evaluate(*network_, *evaluation_, device.backbone,
                                                   shape_.sources.of_device(device.id),
                                                   settings_.loss.kind, part));
    };
    add_to(device_scores_, evaluation_->curve_part());
    if (is_split()) add_to(device_tests_, evaluation_->test_part());
}

void Trainer::warm_up() const {
    SideNetwork network(shape_.side, settings_.side, settings_.align, settings_.seed);
    Optimizer optimizer(network.parameters(), settings_.optimizer, 1);
    const SideInput part{0,
                         torch::zeros({shape_.side.taps(), 32, shape_.side.sources.front().width})};
    optimizer.step(network.forward(std::span(&part, 1)).square().mean(), 0);
}

void Trainer::count(std::span<const std::int32_t> samples) {
    if (!adjusts_logits(settings_)) return;
    for (const std::int32_t id : samples)
        class_counts_.add(inbox_.backbone_of(id), inbox_.class_of(id));
}

void Trainer::run(const Step& step) {
    if (network_ == nullptr || step.model != network_id_)
        begin_network(step.model, step.model_steps);
    StepResult result = learn(step);
    ++updates_done_;
    const bool due =
        !per_device() && settings_.eval.every > 0 && updates_done_ % settings_.eval.every == 0;
    if (step.decides) {
        MOBI_CHECK(due && is_split() && !settings_.evaluate_later,
                   "step {} decides by an evaluation that it does not have", step.number);
        evaluate_shared(updates_done_, step.end);
        result.verdict = {metric_};
    }
    sink_.step(result);
    if (due && !step.decides) evaluate_shared(updates_done_, step.end);
}

StepResult Trainer::learn(const Step& step) {
    const Stopwatch watch(training_s_);
    TrainingBatch batch = inbox_.gather(step.samples);
    // The residual's own label, also where packets carry one.
    if (settings_.loss.kind == LossKind::CeResidual) batch.labels = residual_labels(batch.residual);
    const at::Tensor adjustment = adjustment_of(batch);
    if (!is_cross_entropy(settings_.loss.kind)) batch.labels = at::Tensor();
    StepResult result;
    if (settings_.server.mixup > 0) {
        RandomStream stream(settings_.seed, Purpose::Mixup,
                            static_cast<std::uint64_t>(step.model_step),
                            static_cast<std::uint32_t>(step.model));
        const Mixture mixture = mix_samples(batch, settings_.server.mixup, stream);
        set_mixture(mixture, batch, step.samples, result);
    }
    const at::Tensor output = network_->forward(batch.parts);
    const at::Tensor loss =
        side_loss(settings_.loss.kind, output, batch.residual, batch.labels, adjustment);
    const Optimizer::Step taken = optimizer_->step(loss, step.model_step);
    result.step = step.number;
    result.loss = loss.item<double>();
    result.gradient_norm = taken.gradient_norm;
    result.learning_rate = taken.learning_rate;
    result.skipped = taken.skipped;
    result.gates = network_->gates();
    return result;
}

at::Tensor Trainer::adjustment_of(const TrainingBatch& batch) {
    if (!adjusts_logits(settings_)) return {};
    const at::Tensor& types = class_counts_.adjustment();
    std::vector<at::Tensor> rows;
    for (const SideInput& part : batch.parts)
        rows.push_back(types[shape_.sources.backbone_of(part.source)].expand(
            {part.taps.size(1), types.size(1)}));
    return torch::cat(rows);
}

void Trainer::evaluate_shared(std::int64_t updates, VirtualClock::time_point time) {
    if (evaluation_ == nullptr) return;
    evaluated_at_ = updates;
    if (settings_.evaluate_later)
        snapshots_.push_back(snapshot_of(*network_, updates, time));
    else
        evaluate_network(*network_, updates, time);
}

void Trainer::evaluate_network(const SideNetwork& network,
                               std::int64_t updates,
                               VirtualClock::time_point time) {
    const Stopwatch watch(evaluation_s_);
    const EvaluationResult result =
        weighed(updates, time, scores_of(network, evaluation_->curve_part()));
    metric_ = result.rows.back().metric;
    // A correlation with a constant is not a number, and worse than any.
    const bool better = std::isnan(best_metric_) || metric_ > best_metric_;
    if (is_split() && (best_.network == nullptr || better)) {
        best_ = snapshot_of(network, updates, time);
        best_metric_ = metric_;
    }
    sink_.evaluation(result);
}

void Trainer::test(VirtualClock::time_point end) {
    if (!is_split() || !sink_.test) return;
    const Stopwatch watch(evaluation_s_);
    if (per_device()) {
        if (device_tests_.empty()) return;
        const EvaluationResult scores = weighed(updates_done_, end, device_tests_);
        sink_.test({TestedWeights::Last, scores});
        sink_.test({TestedWeights::Best, scores});  // each was validated once
        return;
    }
    if (best_.network == nullptr) return;
    const EvaluationPart part = evaluation_->test_part();
    sink_.test({TestedWeights::Last, weighed(updates_done_, end, scores_of(*network_, part))});
    sink_.test(
        {TestedWeights::Best, weighed(best_.updates, best_.time, scores_of(*best_.network, part))});
}

Trainer::ScoresByBackbone Trainer::scores_of(const SideNetwork& network,
                                             EvaluationPart part) const {
    ScoresByBackbone scores;
    for (std::int32_t k = 0; k < static_cast<std::int32_t>(plan_.backbones.size()); ++k) {
        if (plan_.backbones[static_cast<std::size_t>(k)].devices == 0) continue;
        for (const std::int32_t source : shape_.sources.of_backbone(k))
            scores[k].push_back(
                evaluate(network, *evaluation_, k, source, settings_.loss.kind, part));
    }
    return scores;
}

EvaluationResult Trainer::weighed(std::int64_t updates,
                                  VirtualClock::time_point time,
                                  const ScoresByBackbone& scores) const {
    EvaluationResult result;
    result.updates = updates;
    result.time = time;
    EvaluationResult::Row overall;
    double weights = 0;
    for (const auto& [backbone, list] : scores) {
        const EvaluationScore score = mean(list);
        const double weight = settings_.eval.weights == EvalWeights::Equal
                                  ? 1
                                  : plan_.backbones[static_cast<std::size_t>(backbone)].devices;
        result.rows.push_back({backbone, score.score.metric, score.score.f1, score.loss});
        result.confusion[backbone] = score.score.confusion;
        overall.metric += weight * score.score.metric;
        overall.f1 += weight * score.score.f1;
        overall.loss += weight * score.loss;
        weights += weight;
    }
    overall.metric /= weights;
    overall.f1 /= weights;
    overall.loss /= weights;
    result.rows.push_back(overall);
    return result;
}

void Trainer::finish(VirtualClock::time_point end, const std::function<bool()>& given_up) {
    const auto goes_on = [&] { return !given_up || !given_up(); };
    if (!goes_on()) return;
    if (per_device()) {
        end_network();
        if (!device_scores_.empty()) sink_.evaluation(weighed(updates_done_, end, device_scores_));
    } else if (network_ != nullptr && evaluated_at_ != updates_done_) {
        evaluate_shared(updates_done_, end);
    }
    for (const Snapshot& snapshot : snapshots_)
        if (goes_on()) evaluate_network(*snapshot.network, snapshot.updates, snapshot.time);
    snapshots_.clear();
    if (goes_on()) test(end);
}

}  // namespace mobi
