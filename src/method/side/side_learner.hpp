// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "method/learner.hpp"
#include "method/side/inbox.hpp"
#include "method/side/settings.hpp"
#include "method/side/side_costs.hpp"
#include "method/side/trainer.hpp"

namespace mobi {

/// The side network that learns from uploaded taps and residuals: an inbox and a trainer.
///
/// With `server.mode = per_device` there is one network a device.  They are trained one after
/// another, so that one is in memory at a time: steps are kept for finish().
class SideLearner final : public Learner {
  public:
    /// \param plan  must outlive the learner.  \param evaluation  null: none.
    SideLearner(const SideSettings& settings,
                const FleetPlan& plan,
                std::shared_ptr<const EvaluationData> evaluation,
                LearnerSink sink);

    void begin_thread() override;
    void warm_up() override { trainer_.warm_up(); }
    void take(const Input& input) override;
    void run(const Step& step) override;
    void finish(VirtualClock::time_point end) override;
    void abandon() noexcept override { abandoned_ = true; }
    bool keeps_steps() const noexcept override { return per_device(); }
    /// The shared network, before the first step as it starts; empty for networks of devices, once
    /// they have been trained.
    std::vector<NamedValues> state() const override;
    std::vector<NamedValues> best_state() const override;
    std::int64_t kept_steps_done() const override { return done_.load(std::memory_order_relaxed); }
    void archive(Archive& archive) override;
    bool keeps_inputs() const noexcept override { return true; }
    std::size_t kept_bytes() const override { return inbox_.allocated_bytes(); }
    double training_s() const override { return trainer_.training_s(); }
    double evaluation_s() const override { return trainer_.evaluation_s(); }

  private:
    void train(const Step& step);
    bool per_device() const noexcept { return settings_.server.mode == ServerMode::PerDevice; }

    SideSettings settings_;
    FleetShape shape_;
    Inbox inbox_;
    LearnerSink sink_;
    Trainer trainer_;
    std::vector<Step> kept_;           // per_device
    std::int64_t finished_ = 0;        // of these, once finish() has begun
    std::vector<StepResult> results_;  // likewise
    std::atomic<std::int64_t> done_{0};
    std::atomic<bool> abandoned_{false};
};

}  // namespace mobi
