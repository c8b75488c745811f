// SPDX-License-Identifier: Apache-2.0
#include "method/side/update_benchmark.hpp"

#include <gtest/gtest.h>

#include "method/side/side_costs.hpp"
#include "method/side/small_fleet.hpp"
#include "method/side/update_launches.hpp"
#include "wire/packet.hpp"

namespace mobi::test {
namespace {

using UpdateBenchmarkTest = SmallFleet;

TEST_F(UpdateBenchmarkTest, MeasuresTheBatchThatWasAskedFor) {
    settings.optimizer.clip = 1e-6;  // so short that every gradient is clipped
    const FleetShape shape(plan, settings);
    for (const std::int64_t sources : {1, 2}) {
        const UpdateSpeed speed = measure_updates(plan, settings, sources, 10, 0.01);
        EXPECT_EQ(speed.sources, sources);
        EXPECT_EQ(speed.samples, 10);
        EXPECT_EQ(speed.launches, update_launches(shape.side, settings, sources).total());
        EXPECT_NEAR(static_cast<double>(speed.eager.launches), static_cast<double>(speed.launches),
                    0.03 * static_cast<double>(speed.launches));
        EXPECT_LT(speed.foreach.launches, speed.eager.launches / 2);
        EXPECT_GT(speed.eager.seconds, 0);
        EXPECT_GT(speed.foreach.seconds, 0);
        const double one = side_update_flop(shape.side, settings.side, 0);
        const double other = side_update_flop(shape.side, settings.side, 1);
        EXPECT_DOUBLE_EQ(speed.sample_flop, sources == 1 ? one : (one + other) / 2);
        const auto bytes = [&](std::size_t k) {
            return static_cast<double>(packet_bytes(plan.backbones[k].layout, 1, false));
        };
        EXPECT_DOUBLE_EQ(speed.sample_bytes, sources == 1 ? bytes(0) : (bytes(0) + bytes(1)) / 2);
    }
}

TEST_F(UpdateBenchmarkTest, TakesNoMoreThanThereIs) {
    const UpdateSpeed speed = measure_updates(plan, settings, 9, 1000, 0.01);
    EXPECT_EQ(speed.sources, 2);
    EXPECT_EQ(speed.samples, kDevices * kShard);
    plan.devices[1].admitted = plan.devices[3].admitted = false;
    plan.backbones[1].devices = 0;
    EXPECT_EQ(measure_updates(plan, settings, 9, 1000, 0.01).samples, 2 * kShard);
}

TEST_F(UpdateBenchmarkTest, GoesWithEveryCodecLossAndScope) {
    settings.loss = {LossKind::CeWithLabel, LogitAdjustment::Type};
    settings.server.mixup = 0.4;
    settings.align.projection = ProjectionScope::DeviceLayer;
    for (const Precision dtype :
         {Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4}) {
        for (BackbonePlan& backbone : plan.backbones) {
            backbone.layout.dtype = dtype;
            backbone.layout.labels = true;
        }
        const UpdateSpeed speed = measure_updates(plan, settings, 3, 7, 0.01);
        EXPECT_EQ(speed.sources, 3);
        EXPECT_EQ(speed.samples, 7);
    }
}

}  // namespace
}  // namespace mobi::test
