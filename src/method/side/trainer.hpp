// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "learn/optimizer.hpp"
#include "method/evaluation_data.hpp"
#include "method/fleet_plan.hpp"
#include "method/learner.hpp"
#include "method/side/class_counts.hpp"
#include "method/side/evaluator.hpp"
#include "method/side/inbox.hpp"
#include "method/side/settings.hpp"
#include "method/side/side_costs.hpp"
#include "method/side/side_network.hpp"

namespace mobi {

/// Trains the side network on the timeline's steps (docs/method.md 1.4 to 1.6) and evaluates it
/// every `eval.every` updates and at the end: on the validation set where there is one, and then
/// the last weights and those that were best there once, at the end, on the test set.
///
/// With `server.mode = per_device` every device has a network of its own, trained one after
/// another: give the steps of one network together, then those of the next.  One network is in
/// memory at a time; it is evaluated when its last step is done, so that its last weights are its
/// best ones, and the metric of a backbone is the mean over its devices.
class Trainer {
  public:
    /// \param plan, shape, inbox  must outlive the trainer.
    /// \param evaluation  may be null: no evaluation.
    Trainer(const SideSettings& settings,
            const FleetPlan& plan,
            const FleetShape& shape,
            const Inbox& inbox,
            std::shared_ptr<const EvaluationData> evaluation,
            LearnerSink sink);

    /// Computes a gradient that nobody uses, so that the first update takes no longer than the
    /// others (the libraries set themselves up when they are first called).
    void warm_up() const;

    /// New samples are in the inbox, for the updates from now on.
    void count(std::span<const std::int32_t> samples);

    /// Takes one update.
    void run(const Step& step);

    /// The last evaluation, those that were put off, and the test.
    /// \param end       virtual time of the end of training.
    /// \param given_up  asked between two evaluations: nobody wants the others any more.
    void finish(VirtualClock::time_point end, const std::function<bool()>& given_up = {});

    /// Networks, moments, counts and scores; the inbox is the caller's.
    void archive(Archive& archive);

    /// The network as it is; null before the first step with per_device.
    const SideNetwork* network() const noexcept { return network_.get(); }

    /// The network that was best on the validation set; null: there is none.
    const SideNetwork* best_network() const noexcept { return best_.network.get(); }

    double training_s() const noexcept { return training_s_; }
    double evaluation_s() const noexcept { return evaluation_s_; }

  private:
    /// A network of the run at one time.
    struct Snapshot {
        std::int64_t updates = 0;
        VirtualClock::time_point time{};
        std::unique_ptr<SideNetwork> network;
    };
    using ScoresByBackbone = std::map<std::int32_t, std::vector<EvaluationScore>>;

    std::unique_ptr<SideNetwork> new_network() const;
    Snapshot snapshot_of(const SideNetwork& network,
                         std::int64_t updates,
                         VirtualClock::time_point time) const;
    void archive(Archive& archive, Snapshot& snapshot) const;
    StepResult learn(const Step& step);
    void begin_network(std::int32_t id, std::int64_t planned);
    void end_network();
    /// A of every row of the batch; undefined: none.
    at::Tensor adjustment_of(const TrainingBatch& batch);
    void evaluate_shared(std::int64_t updates, VirtualClock::time_point time);
    void evaluate_network(const SideNetwork& network,
                          std::int64_t updates,
                          VirtualClock::time_point time);
    void test(VirtualClock::time_point end);
    ScoresByBackbone scores_of(const SideNetwork& network, EvaluationPart part) const;
    EvaluationResult weighed(std::int64_t updates,
                             VirtualClock::time_point time,
                             const ScoresByBackbone& scores) const;
    bool is_split() const { return evaluation_ != nullptr && evaluation_->is_split(); }
    bool per_device() const { return settings_.server.mode == ServerMode::PerDevice; }

    SideSettings settings_;
    const FleetPlan& plan_;
    const FleetShape& shape_;
    const Inbox& inbox_;
    std::shared_ptr<const EvaluationData> evaluation_;
    LearnerSink sink_;
    ClassCounts class_counts_;
    std::unique_ptr<SideNetwork> network_;
    std::unique_ptr<Optimizer> optimizer_;
    std::vector<Snapshot> snapshots_;  // to be evaluated later
    Snapshot best_;                    // on the validation set
    double metric_ = 0;                // of the last evaluation, and of best_
    double best_metric_ = 0;
    std::int32_t network_id_ = -1;
    std::int64_t network_steps_ = 0;  // planned for it
    std::int64_t updates_done_ = 0;
    std::int64_t evaluated_at_ = -1;
    ScoresByBackbone device_scores_;  // per_device
    ScoresByBackbone device_tests_;   // likewise
    double training_s_ = 0;
    double evaluation_s_ = 0;
};

}  // namespace mobi
