// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "learn/optimizer.hpp"
#include "learn/parameters.hpp"
#include "method/fleet_plan.hpp"
#include "method/server_parameters.hpp"
#include "method/side/class_counts.hpp"
#include "method/side/evaluator.hpp"
#include "method/side/inbox.hpp"
#include "method/side/parameters.hpp"
#include "method/side/side_network.hpp"
#include "method/side/timeline.hpp"

namespace mobi {

/// What training is a function of, beside the steps.
struct TrainerSettings {
    std::uint64_t seed = 1;
    SideParameters side;
    AlignParameters align;
    LossParameters loss;
    OptimizerParameters optimizer;
    EvalParameters eval;
    ServerMode mode = ServerMode::ArrivalReplay;
    double mixup = 0;  ///< `server.mixup`
    std::int32_t classes = 0;
    /// Evaluates copies of the network when training has ended, so that it costs no time meanwhile
    /// (wall clock: an evaluation takes no virtual time).
    bool evaluate_later = false;
};

/// The result of one update.
struct UpdateResult {
    std::int64_t update = 0;
    double loss = 0;
    double gradient_norm = 0;
    double learning_rate = 0;
    std::vector<float> gates;
};

/// The result of one evaluation: a score per backbone type and the weighted overall one.
struct EvaluationResult {
    struct Row {
        std::int32_t backbone = -1;  ///< -1: overall, weighted by `eval.weights`
        double metric = 0;
        double f1 = 0;
        double loss = 0;
    };
    std::int64_t updates = 0;  ///< updates done
    VirtualClock::time_point time{};
    std::vector<Row> rows;
    std::map<std::int32_t, std::vector<std::int32_t>> confusion;  ///< by backbone, (C, C)
};

/// Where the trainer's results go.  Called from the trainer's thread.
struct TrainingSink {
    std::function<void(const UpdateResult&)> update;
    std::function<void(const EvaluationResult&)> evaluation;
};

/// The side network that a fleet needs: sources, B, m, C (docs/method.md 1.4).
SideShape side_shape(const FleetPlan& plan,
                     const SourceMap& sources,
                     const SideParameters& side,
                     const AlignParameters& align,
                     std::int32_t classes);

/// Trains the side network on the timeline's steps (docs/method.md 1.4 to 1.6) and evaluates it
/// every `eval.every` updates and at the end.
///
/// With `server.mode = per_device` every device has a network of its own, trained one after
/// another: give the steps of one network together, then those of the next.  One network is in
/// memory at a time; it is evaluated when its last step is done, and the metric of a backbone is
/// the mean over its devices.
class Trainer {
  public:
    /// \param inbox  must outlive the trainer.
    /// \param evaluation  may be null: no evaluation.
    Trainer(const TrainerSettings& settings,
            const FleetPlan& plan,
            const SourceMap& sources,
            const Inbox& inbox,
            std::shared_ptr<const EvaluationData> evaluation,
            TrainingSink sink);

    /// Computes a gradient that nobody uses, so that the first update takes no longer than the
    /// others (the libraries set themselves up when they are first called).
    void warm_up() const;

    /// Takes one update.
    /// \param planned  T of the step's network.
    void run(const Update& step, std::int64_t planned);

    /// The last evaluation.  \param end  virtual time of the end of training.
    void finish(VirtualClock::time_point end);

    /// The network as it is; null before the first step with per_device.
    const SideNetwork* network() const noexcept { return network_.get(); }

    double training_s() const noexcept { return training_s_; }
    double evaluation_s() const noexcept { return evaluation_s_; }

  private:
    void begin_network(std::int32_t id, std::int64_t planned);
    void end_network();
    /// A of every row of the batch, with what has arrived up to the step; undefined: none.
    at::Tensor adjustment_of(const Update& step, const TrainingBatch& batch);
    void evaluate_shared(std::int64_t updates, VirtualClock::time_point time);
    void evaluate_network(const SideNetwork& network,
                          std::int64_t updates,
                          VirtualClock::time_point time);
    void report(std::int64_t updates,
                VirtualClock::time_point time,
                const std::map<std::int32_t, std::vector<EvaluationScore>>& scores);
    bool per_device() const { return settings_.mode == ServerMode::PerDevice; }

    TrainerSettings settings_;
    const FleetPlan& plan_;
    const SourceMap& sources_;
    const Inbox& inbox_;
    std::shared_ptr<const EvaluationData> evaluation_;
    TrainingSink sink_;
    SideShape shape_;
    ClassCounts class_counts_;
    struct Snapshot {
        std::int64_t updates = 0;
        VirtualClock::time_point time{};
        std::unique_ptr<SideNetwork> network;
    };

    std::unique_ptr<SideNetwork> network_;
    std::unique_ptr<Optimizer> optimizer_;
    std::vector<Snapshot> snapshots_;  // to be evaluated later
    std::int32_t network_id_ = -1;
    std::int64_t updates_done_ = 0;
    std::int64_t evaluated_at_ = -1;
    std::map<std::int32_t, std::vector<EvaluationScore>> device_scores_;  // per_device
    double training_s_ = 0;
    double evaluation_s_ = 0;
};

}  // namespace mobi
