// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_learner.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "method/side/small_fleet.hpp"

namespace mobi::test {
namespace {

class SideLearnerTest : public SmallFleet {
  protected:
    /// Takes what the devices send, then does `steps` on what each has.
    std::vector<StepResult> train(std::int64_t steps) {
        updates.clear();
        SideLearner learner(settings, plan, evaluation, sink);
        for (const DevicePlan& device : plan.devices) learner.take({{}, {}, 0, packet_of(device)});
        std::int64_t number = 0;
        for (std::int64_t t = 0; t < steps; ++t)
            for (const DevicePlan& device : plan.devices) {
                const bool own = settings.server.mode == ServerMode::PerDevice;
                Step step = step_on(number, device.samples, own ? steps : kDevices * steps,
                                    own ? device.id : 0);
                if (own) step.model_step = t;
                ++number;
                learner.run(step);
            }
        done_before_finish = learner.kept_steps_done();
        learner.finish({});
        EXPECT_EQ(learner.kept_steps_done(), number);
        state = learner.state();
        return updates;
    }

    std::int64_t done_before_finish = 0;
    std::vector<NamedValues> state;
};

TEST_F(SideLearnerTest, DoesEachStepWhenItIsTold) {
    const auto results = train(10);
    EXPECT_EQ(done_before_finish, 10 * kDevices);
    ASSERT_EQ(results.size(), 40U);
    EXPECT_LT(results.back().loss, results.front().loss);
    EXPECT_EQ(evaluations.back().rows.size(), 3U);
    EXPECT_EQ(state.size(), SideNetwork(FleetShape(plan, settings).side, settings.side,
                                        settings.align, settings.seed)
                                .parameters()
                                .size());
}

TEST_F(SideLearnerTest, ItsStateBeforeTheFirstStepIsHowTheNetworkStarts) {
    const SideLearner learner(settings, plan, nullptr, sink);
    const SideNetwork network(FleetShape(plan, settings).side, settings.side, settings.align,
                              settings.seed);
    const auto start = learner.state();
    ASSERT_EQ(start.size(), network.parameters().size());
    for (std::size_t i = 0; i < start.size(); ++i) {
        EXPECT_EQ(start[i].name, network.parameters()[i].first);
        const float* const values = network.parameters()[i].second.data_ptr<float>();
        EXPECT_EQ(start[i].values, std::vector<float>(values, values + start[i].values.size()));
    }
}

TEST_F(SideLearnerTest, NetworksOfDevicesAreTrainedInTheEndAndReportInOrderOfSteps) {
    settings.server.mode = ServerMode::PerDevice;
    const auto results = train(10);
    EXPECT_EQ(done_before_finish, 0);
    ASSERT_EQ(results.size(), 40U);
    for (std::size_t i = 0; i < results.size(); ++i)
        EXPECT_EQ(results[i].step, static_cast<std::int64_t>(i));
    ASSERT_EQ(evaluations.size(), 1U);  // the mean over the devices, once
    EXPECT_TRUE(state.empty());
}

TEST_F(SideLearnerTest, AnAbandonedLearnerTrainsAndEvaluatesNoMore) {
    settings.server.mode = ServerMode::PerDevice;
    SideLearner learner(settings, plan, evaluation, sink);
    EXPECT_TRUE(learner.keeps_steps());
    for (const DevicePlan& device : plan.devices) learner.take({{}, {}, 0, packet_of(device)});
    learner.run(step_on(0, plan.devices[0].samples, 1));
    learner.abandon();
    learner.finish({});
    EXPECT_EQ(learner.kept_steps_done(), 0);
    EXPECT_TRUE(updates.empty());
    EXPECT_TRUE(evaluations.empty());
}

}  // namespace
}  // namespace mobi::test
