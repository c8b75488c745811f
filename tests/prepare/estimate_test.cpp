// SPDX-License-Identifier: Apache-2.0
#include "prepare/estimate.hpp"

#include <chrono>
#include <map>

#include "core/text.hpp"
#include "device/compute_model.hpp"
#include "prepare/round_fleet.hpp"
#include "prepare/tiny_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

double seconds(VirtualClock::time_point time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

class EstimateTest : public TinyRun {
  protected:
    /// Each training text once, the test set with each backbone.
    static double host_flop(const PreparedRun& run) {
        double host = 0;
        for (const DevicePlan& device : run.plan.devices)
            for (const std::int32_t id : device.samples) {
                if (!device.admitted) continue;
                const auto& sample = run.tokens.train[static_cast<std::size_t>(id)];
                host +=
                    forward_flop(run.plan.backbones[static_cast<std::size_t>(device.backbone)].size,
                                 static_cast<double>(sample.ids.size()));
            }
        for (std::size_t k = 0; k < run.tokens.test.size(); ++k)
            for (const auto& sample : run.tokens.test[k])
                host += forward_flop(run.plan.backbones[k].size,
                                     static_cast<double>(sample.ids.size()));
        return host;
    }

    /// What follows a line's name; empty: no such line.
    static std::string line(const std::string& text, const std::string& name) {
        for (const std::string_view one : split(text, '\n'))
            if (one.starts_with(name + ' ')) return std::string(trim(one.substr(name.size())));
        return {};
    }
};

TEST_F(EstimateTest, EveryFigureIsThatOfThePreparedRun) {
    for (const char* seed : {"run.seed=1", "run.seed=2", "run.seed=3"}) {
        const PreparedRun run = prepare({seed, "run.compute=all", "device.slow.battery=0.05 J"});
        const std::string text = estimate_text(run);

        std::int64_t tokens = 0;
        for (const auto& sample : run.tokens.train)
            tokens += static_cast<std::int64_t>(sample.ids.size());
        for (const auto& samples : run.tokens.test)
            for (const auto& sample : samples)
                tokens += static_cast<std::int64_t>(sample.ids.size());
        EXPECT_EQ(line(text, "text"),
                  fmt::format("{} training samples, {} test samples for each of "
                              "2 backbones: {} tokens",
                              kTrain, kTest, tokens));

        double bytes = 0;
        double flop = 0;
        for (const Delivery& delivery : run.deliveries) {
            bytes += static_cast<double>(delivery.charged_bytes);
            flop += delivery.charged_flop;
        }
        EXPECT_EQ(line(text, "charged"),
                  fmt::format("{} up, {} on the devices", human(bytes, "B"), human(flop, "FLOP")));
        EXPECT_EQ(line(text, "packets").rfind(std::to_string(run.deliveries.size()), 0), 0U);
        EXPECT_EQ(line(text, "updates"), fmt::format("{} (server busy {})", run.timeline.updates,
                                                     human_seconds(run.timeline.busy_s)));
        EXPECT_EQ(line(text, "virtual duration"),
                  fmt::format("{} to the last update, {} with downloads",
                              human_seconds(seconds(run.timeline.end)),
                              human_seconds(seconds(run.timeline.run_end))));
        EXPECT_EQ(line(text, "fleet"),
                  fmt::format("7 devices, 7 admitted, {} samples", run.plan.admitted_samples()));

        EXPECT_EQ(line(text, "host computes").rfind(human(host_flop(run), "FLOP") + "; about ", 0),
                  0U);
    }
}

TEST_F(EstimateTest, ClassesSayWhatTheyNeedAndHowManyAreAdmitted) {
    const PreparedRun run = prepare({"device.slow.memory=3 kB", "run.compute=all"});
    const std::string text = estimate_text(run);
    EXPECT_EQ(line(text, "host computes").rfind(human(host_flop(run), "FLOP") + "; about ", 0), 0U);
    EXPECT_EQ(line(text, "fleet").rfind("7 devices, 4 admitted, ", 0), 0U);
    std::map<std::string, double> need;
    for (const DevicePlan& device : run.plan.devices)
        need[device.profile.name] = std::max(need[device.profile.name], device.memory_need_bytes);
    EXPECT_TRUE(contains(text, fmt::format("  {:<20} {:<12}      3 devices,      0 admitted; needs "
                                           "{}, has 3 kB\n",
                                           "slow", "small", human(need["slow"], "B"))));
    EXPECT_TRUE(contains(text, fmt::format("  {:<20} {:<12}      4 devices,      4 admitted; needs "
                                           "{}, has 32 MB\n",
                                           "fast", "large", human(need["fast"], "B"))));
    EXPECT_TRUE(contains(line(text, "text"), "for each of 1 backbone: "))
        << "nobody reads the test set with the other";
}

TEST_F(EstimateTest, TheRunFileHoldsActivationsAndTapsOfTheTestSet) {
    // 4 bytes of 2 taps of 24, 4 outputs; a sample of an upload has its id too
    constexpr double kVectors = 4 * (2 * 24 + 4);
    const auto bytes_of = [&](const std::vector<std::string>& settings) {
        return line(estimate_text(prepare(settings)), "run file");
    };
    const double test = 2 * static_cast<double>(kTest) * kVectors;
    EXPECT_EQ(bytes_of({"record.activations=none"}), "about " + human(test, "B"));
    // the samples' ids are the packet's header, which is not kept
    EXPECT_EQ(bytes_of({}), "about " + human(test + static_cast<double>(kTrain) * kVectors, "B"));
}

TEST_F(EstimateTest, WhatNeverArrivesIsSaid) {
    PreparedRun run = prepare();
    EXPECT_FALSE(contains(estimate_text(run), "never"));
    run.missing_packets = 5;
    run.timeline.missing_downloads = 3;
    const std::string text = estimate_text(run);
    EXPECT_EQ(line(text, "packets"),
              fmt::format("{}, 5 more never arrive or come too late", run.deliveries.size()));
    EXPECT_EQ(line(text, "without download"), "3 devices, which never come back for it");
}

TEST_F(EstimateTest, WallTimeIsThatOfWhatIsComputed) {
    EXPECT_EQ(line(estimate_text(prepare()), "wall time"), "seconds: nothing is computed");
    EXPECT_EQ(line(estimate_text(prepare({"run.compute=packets"})), "wall time"),
              "some 25 us a packet: nothing is computed");
    PreparedRun run = prepare({"run.compute=all", "run.clock=wall", "run.time_scale=0.5"});
    std::string text = estimate_text(run);
    EXPECT_EQ(line(text, "wall time"), "");
    EXPECT_NE(line(text, "host computes"), "");
    EXPECT_EQ(line(text, "paced wall time"), human_seconds(seconds(run.timeline.end) / 0.5) +
                                                 " to the last update, after the forward passes");
    run.config.run.clock = RunClock::Virtual;
    EXPECT_EQ(line(estimate_text(run), "paced wall time"), "");
}

TEST_F(EstimateTest, WhereNothingIsUploadedNothingIsCharged) {
    EXPECT_EQ(line(estimate_text(prepare({"method.name=central_side"})), "charged"),
              "0 B up, 0 FLOP on the devices");
}

TEST_F(EstimateTest, TasksAreCountedWhereTheyAreAssignedDuringTheRun) {
    PreparedRun run = prepare();
    EXPECT_EQ(line(estimate_text(run), "tasks"), "") << "each device has one";
    RoundSettings settings;
    settings.rounds = {RoundProtocol::Sync, 3, 4, 5, 0, 5, Dispatch::AfterStep};
    run.method = std::make_unique<RoundFleet>(settings);
    TaskWalk walk = walk_tasks(run.config, run.plan, *run.method);
    run.settled = false;
    run.tasks = walk.tasks;
    run.down_bytes = walk.down_bytes;
    run.deliveries = walk.deliveries.arrived;
    const std::string text = estimate_text(run);
    EXPECT_EQ(line(text, "tasks"),
              fmt::format("15, {} down", human(static_cast<double>(walk.down_bytes), "B")));
    EXPECT_EQ(
        line(text, "charged")
            .rfind(human(static_cast<double>(run.deliveries.size()) * RoundFleet::kUpBytes, "B") +
                       " up, ",
                   0),
        0U);
}

TEST_F(EstimateTest, IsForPeople) {
    const std::string text = estimate_text(prepare({"run.compute=all"}));
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 30);
    for (const std::string_view one : split(text, '\n')) EXPECT_LE(one.size(), 120U) << one;
    EXPECT_TRUE(text.ends_with('\n'));
}

}  // namespace
}  // namespace mobi::test
