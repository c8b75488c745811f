// SPDX-License-Identifier: Apache-2.0
// What a method, a learner or a program has that says nothing itself.
#include <cstdint>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "method/device_program.hpp"
#include "method/learner.hpp"
#include "method/method.hpp"
#include "method/recorded_fleet.hpp"
#include "method/versions.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;

class PlainMethod final : public Method {
  public:
    std::string_view name() const override { return "plain"; }
    std::unique_ptr<Protocol> protocol(const FleetPlan&) const override { return nullptr; }
    std::unique_ptr<Learner> learner(const FleetPlan&,
                                     std::shared_ptr<const EvaluationData>,
                                     LearnerSink) const override {
        return nullptr;
    }
    std::map<std::string, std::vector<std::int64_t>> state_shapes(const FleetPlan&) const override {
        return {};
    }
};

class PlainLearner final : public Learner {
  public:
    void take(const Input&) override {}
    void run(const Step&) override {}
    std::vector<NamedValues> state() const override { return {}; }
};

class PlainProgram final : public DeviceProgram {
  public:
    WorkCounts run(const Work&, const Workshop&, const Emit&) const override { return {}; }
};

TEST(MethodTest, OneThatDoesNotSettleIsNotAskedWhatArrives) {
    const PlainMethod method;
    EXPECT_FALSE(method.settles());
    EXPECT_THROW(method.settle({}), Bug);
    EXPECT_TRUE(method.uploads());
    EXPECT_TRUE(method.download_bytes({}).empty());
    EXPECT_TRUE(method.diagnostics().empty());
    PacketParameters packet;
    packet.dtype = Precision::Int4;
    EXPECT_EQ(method.tap_precision(packet), Precision::Int4);
}

TEST(LearnerTest, DevicesNeedNothingUnlessItSaysSo) {
    PlainLearner learner;
    const Brief brief = learner.brief({});
    EXPECT_TRUE(brief.shared.empty());
    EXPECT_TRUE(brief.own.empty());
    EXPECT_FALSE(learner.keeps_steps());
    EXPECT_EQ(learner.kept_bytes(), 0U);
    EXPECT_NO_THROW(learner.finish(Time()));
}

// `run.compute = packets`: as many bytes as are charged, all zero, one result an item.
TEST(DeviceProgramTest, AnEmptyRunSendsZerosOfTheChargedLength) {
    RandomStream random(1, Purpose::Test);
    Work work;
    std::int64_t samples = 0;
    for (int i = 0; i < 20; ++i) {
        WorkItem item;
        item.device = i;
        item.up_bytes = static_cast<std::int64_t>(random.below(500));
        item.samples.resize(random.below(6));
        samples += static_cast<std::int64_t>(item.samples.size());
        work.items.push_back(item);
    }
    std::size_t next = 0;
    Emit emit;
    emit.packet = [](Bytes) { FAIL() << "its method does not settle"; };
    emit.result = [&](const WorkItem& item, const Bytes& bytes) {
        EXPECT_EQ(&item, &work.items[next++]) << "in their order";
        EXPECT_EQ(bytes, Bytes(static_cast<std::size_t>(item.up_bytes)));
    };
    const WorkCounts counts = PlainProgram().run_empty(work, {}, emit);
    EXPECT_EQ(next, work.items.size());
    EXPECT_EQ(counts.samples, samples);
    EXPECT_EQ(counts.done_flop, 0);
    EXPECT_TRUE(PlainProgram().needs_backbone());
}

// Against all states ever: what is asked for in order is found, whatever is added in between.
TEST(VersionsTest, AskedForInOrderEveryStateIsThere) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        RandomStream random(seed, Purpose::Test);
        Versions versions;
        std::vector<Bytes> all;
        std::int64_t asked = 0;
        for (int step = 0; step < 60; ++step) {
            if (all.empty() || random.below(2) == 0) {
                all.emplace_back(1 + random.below(9), static_cast<std::byte>(all.size()));
                versions.add(all.back());
                continue;
            }
            asked += static_cast<std::int64_t>(
                random.below(all.size() - static_cast<std::size_t>(asked)));
            const Content content = versions.at(asked);
            ASSERT_EQ(content.id, asked);
            ASSERT_EQ(*content.bytes, all[static_cast<std::size_t>(asked)]);
        }
        EXPECT_THROW(versions.at(static_cast<std::int64_t>(all.size())), Bug);
    }
}

TEST(RecordedFleetTest, EveryRandomPastIsToldInItsOrder) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<Delivery> past(random.below(40));
        Time now{};
        for (Delivery& one : past) {
            now += VirtualClock::duration(random.below(3));
            one.device = static_cast<std::int32_t>(random.below(9));
            one.packet = static_cast<std::int32_t>(random.below(9));
            one.times.arrival = now;
            one.charged_bytes = static_cast<std::int64_t>(random.below(1000));
        }
        RecordedFleet fleet(past);
        std::size_t told = 0;
        for (Time until{}; told < past.size(); until += VirtualClock::duration(random.below(4))) {
            while (const FleetEvent* const event = fleet.next(until)) {
                const Delivery& one = past.at(told);
                ASSERT_LE(event->at, until);
                ASSERT_EQ(event->id, EventId(static_cast<std::int64_t>(told)));
                ASSERT_EQ(event->at, one.times.arrival);
                ASSERT_EQ(event->device, DeviceId(one.device));
                ASSERT_EQ(event->part, one.packet);
                ASSERT_EQ(event->charges.up_bytes, one.charged_bytes);
                ++told;
                ASSERT_EQ(fleet.delivered_by(event->id), fleet.delivered());
                std::size_t foreseen = 0;
                fleet.forecast([&](const FleetEvent&) { return ++foreseen > 0; });
                ASSERT_EQ(foreseen, past.size() - told);
            }
            ASSERT_TRUE(told == past.size() || past[told].times.arrival > until);
        }
        EXPECT_EQ(fleet.next(Time::max()), nullptr);
        EXPECT_TRUE(fleet.settled());
    }
}

}  // namespace
}  // namespace mobi::test
