// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/round_protocol.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/plans.hpp"

namespace mobi::test {
namespace {

class RoundProtocolTest : public ::testing::Test {
  protected:
    RoundProtocolTest() : plan(two_devices()) {
        for (DevicePlan& device : plan.devices) {
            device.admitted = true;
            device.profile.time_per_sample_s = 1;
        }
        settings.rounds.count = 3;
        settings.rounds.wanted = settings.rounds.selected = settings.rounds.concurrency = 2;
    }
    RoundWork work() const {
        RoundWork work;
        work.samples = whole_shards(plan);
        work.parts = [](DeviceId, std::int32_t) {
            Part part;
            part.compute.samples = 1;
            return std::vector<Part>{part};
        };
        work.aggregate_time = [](std::size_t) { return std::chrono::seconds(1); };
        return work;
    }
    std::int64_t steps() const {
        VirtualFleet fleet(admitted_fleet(plan), {});
        const auto protocol = make_rounds(settings, plan, work());
        std::int64_t steps = 0;
        for (; const auto step = protocol->next(fleet); ++steps) {
            EXPECT_EQ(step->kind, StepKind::Aggregate);
            EXPECT_EQ(step->number, steps);
            EXPECT_EQ(step->model_step, steps);
            EXPECT_EQ(step->model_steps, 3);
        }
        return steps;
    }

    FleetPlan plan;
    RoundSettings settings;
};

TEST_F(RoundProtocolTest, BothKindsDoWhatIsAskedFor) {
    EXPECT_EQ(steps(), 3);
    settings.rounds.deadline_s = 0.5;  // nobody is in time: rounds end without an arrival
    EXPECT_EQ(steps(), 3);
    settings.rounds.protocol = RoundProtocol::Buffered;
    EXPECT_EQ(steps(), 3);
}

TEST_F(RoundProtocolTest, RefusesMoreDevicesThanAreAdmitted) {
    plan.devices[1].admitted = false;
    EXPECT_THROW(make_rounds(settings, plan, work()), ConfigError);
    settings.rounds.wanted = 1;
    EXPECT_NO_THROW(make_rounds(settings, plan, work()));
    settings.rounds.protocol = RoundProtocol::Buffered;
    EXPECT_THROW(make_rounds(settings, plan, work()), ConfigError);
}

TEST_F(RoundProtocolTest, AWholeShardIsTheDevicesSamples) {
    const auto samples = whole_shards(plan)(DeviceId(1), 7);
    EXPECT_EQ(samples.size(), 5U);
    EXPECT_EQ(samples.front(), SampleId(30));
}

}  // namespace
}  // namespace mobi::test
