// SPDX-License-Identifier: Apache-2.0
#include "method/split/exchanges.hpp"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "method/watched_fleet.hpp"

namespace mobi::test {
namespace {

using std::chrono::seconds;
using Time = VirtualClock::time_point;

constexpr std::int32_t kBatches = 3;

/// 2 s forward, 1 s to send; 1 s to fetch the gradient, 4 s backward, which comes before the next
/// forward pass: 6 s together.
ExchangeWork work(int step_s) {
    ExchangeWork work;
    work.part = [](DeviceId, std::int32_t batch) {
        Part part;
        const bool first = batch == 0;
        const bool last = batch == kBatches;
        part.down_bytes = first ? 0 : 1'000'000;
        part.compute.samples = first ? 2 : last ? 4 : 6;
        part.up_bytes = last ? 0 : 1'000'000;
        return part;
    };
    work.step_time = seconds(step_s);
    return work;
}

std::vector<Step> all(std::int32_t devices, const ExchangeSettings& settings, int step_s) {
    Star star;
    for (std::int32_t i = 0; i < devices; ++i) star.add(1, 1e6, 1e6);
    WatchedFleet fleet(star.devices());
    Exchanges exchanges(settings, work(step_s), std::make_unique<UniformSelector>(1));
    std::vector<Step> steps;
    while (std::optional<Step> step = exchanges.next(fleet)) steps.push_back(std::move(*step));
    EXPECT_EQ(static_cast<std::int64_t>(steps.size()), exchanges.steps_planned());
    return steps;
}

TEST(ExchangesTest, ABatchIsThereAndBackBeforeTheNext) {
    const std::vector<Step> steps = all(1, {2, 1, kBatches}, 5);
    ASSERT_EQ(steps.size(), 6U);
    EXPECT_EQ(steps[0].start, Time(seconds(3)));
    EXPECT_EQ(steps[0].end, Time(seconds(8)));
    // the gradient 1 s, 6 s, the activations 1 s
    EXPECT_EQ(steps[1].start, Time(seconds(16)));
    EXPECT_EQ(steps[2].start, Time(seconds(29)));
    // the last gradient 1 s, 4 s; then the second round
    EXPECT_EQ(steps[3].start, Time(seconds(34 + 5 + 3)));
    EXPECT_EQ(steps[3].round, 1);
    EXPECT_EQ(steps[3].kind, StepKind::Exchange);
}

TEST(ExchangesTest, TheServerTakesThemInTurn) {
    const std::vector<Step> steps = all(3, {1, 3, kBatches}, 5);
    ASSERT_EQ(steps.size(), 9U);
    for (std::size_t i = 1; i < steps.size(); ++i) EXPECT_GE(steps[i].start, steps[i - 1].end);
    EXPECT_EQ(steps[0].start, Time(seconds(3)));
    EXPECT_EQ(steps[1].start, Time(seconds(8)));  // arrived at 3 s too
    EXPECT_EQ(steps[2].start, Time(seconds(13)));
    EXPECT_EQ(steps[3].start, Time(seconds(18)));  // the first device's, which came at 16 s
}

}  // namespace
}  // namespace mobi::test
