// SPDX-License-Identifier: Apache-2.0
#include "server/trainer_thread.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

/// Writes down what it is told, in letters; fails at a step of round 1.
class Diary final : public Learner {
  public:
    void begin_thread() override {
        thread = std::this_thread::get_id();
        told += 'b';
    }
    void warm_up() override { told += 'w'; }
    void take(const Input& input) override { told += std::to_string(input.device.value()); }
    Brief brief(const DeviceTask& task) override {
        told += 'q';
        return {{}, Bytes(task.id.index())};
    }
    void run(const Step& step) override {
        if (step.round == 1) throw std::runtime_error("a step fails");
        EXPECT_EQ(std::this_thread::get_id(), thread);
        told += 's';
    }
    void finish(VirtualClock::time_point end) override {
        for (int i = 0; i < (patient ? 1'000'000 : 12) && !abandoned; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (abandoned) return;
        told += end == VirtualClock::time_point(std::chrono::seconds(1)) ? 'f' : '?';
    }
    void abandon() noexcept override { abandoned = true; }
    std::vector<NamedValues> state() const override { return {}; }

    std::thread::id thread;
    std::string told;
    bool patient = false;  // finish() takes for ever
    std::atomic<bool> abandoned{false};
};

Input input_of(std::int32_t device) {
    return {TaskId(), DeviceId(device), 0, Packet()};
}

Step failing_step() {
    Step step;
    step.round = 1;
    return step;
}

constexpr VirtualClock::time_point kEnd(std::chrono::seconds(1));

TEST(TrainerThreadTest, TheLearnerIsToldInOrderInOneThread) {
    Diary diary;
    TrainerThread thread(diary);
    thread.take(input_of(1));
    thread.take(input_of(2));
    thread.submit({});
    thread.take(input_of(3));
    thread.submit({});
    int looks = 0;
    thread.finish(kEnd, [&] { ++looks; });
    EXPECT_EQ(diary.told, "b12s3sf");
    EXPECT_NE(diary.thread, std::this_thread::get_id());
    EXPECT_GT(looks, 0);
    EXPECT_TRUE(thread.has_done(1));
    EXPECT_FALSE(thread.has_done(2));
}

TEST(TrainerThreadTest, ABriefIsOfTheStateBetweenTheStepsAroundIt) {
    Diary diary;
    TrainerThread thread(diary);
    std::size_t told = 0;
    thread.submit({});
    DeviceTask task;
    task.id = TaskId(5);
    thread.ask(task, [&](const Brief& brief) { told = brief.own.size(); });
    thread.submit({});
    thread.finish(kEnd);
    EXPECT_EQ(diary.told, "bsqsf");
    EXPECT_EQ(told, 5U);
}

TEST(TrainerThreadTest, APacedThreadIsWarmWhenItIsThere) {
    Diary diary;
    TrainerThread thread(diary, true);
    thread.finish(kEnd);
    EXPECT_EQ(diary.told, "bwf");
}

TEST(TrainerThreadTest, AFailureReachesTheCallerAndEndsTraining) {
    Diary diary;
    TrainerThread thread(diary);
    thread.submit(failing_step());
    EXPECT_THROW(thread.finish(kEnd), std::runtime_error);
    EXPECT_EQ(diary.told, "b");
}

TEST(TrainerThreadTest, AFailureReachesTheCallerWhoGoesOn) {
    Diary diary;
    TrainerThread thread(diary);
    thread.submit(failing_step());
    EXPECT_THROW(while (true) thread.take(input_of(1)), std::runtime_error);
}

TEST(TrainerThreadTest, WhoGivesUpWaitsForNothingButTheStepAtWork) {
    Diary diary;
    {
        TrainerThread thread(diary);
        for (int i = 0; i < 50; ++i) thread.take(input_of(7));
    }
    EXPECT_EQ(diary.told.find('f'), std::string::npos);
}

TEST(TrainerThreadTest, WhoGivesUpWhileTheLastStepsAreDoneDoesNotWaitForThem) {
    Diary diary;
    diary.patient = true;
    EXPECT_THROW(
        {
            TrainerThread thread(diary);
            thread.finish(kEnd, [] { throw std::runtime_error("a signal"); });
        },
        std::runtime_error);
    EXPECT_TRUE(diary.abandoned);
    EXPECT_EQ(diary.told, "b");
}

/// Does what the test says, and counts.
class Script final : public Learner {
  public:
    void begin_thread() override { call(on_begin); }
    void warm_up() override { call(on_warm_up); }
    void take(const Input&) override {
        ++taken;
        call(on_take);
    }
    Brief brief(const DeviceTask&) override {
        call(on_brief);
        return {};
    }
    void run(const Step&) override {
        ++run_;
        call(on_run);
    }
    void finish(VirtualClock::time_point) override { call(on_finish); }
    void abandon() noexcept override { abandoned = true; }
    std::vector<NamedValues> state() const override { return {}; }

    std::function<void()> on_begin, on_warm_up, on_take, on_brief, on_run, on_finish;
    std::atomic<std::int64_t> taken{0};
    std::atomic<std::int64_t> run_{0};
    std::atomic<bool> abandoned{false};

  private:
    static void call(const std::function<void()>& what) {
        if (what) what();
    }
};

struct Failure {};

void fail() {
    throw Failure();
}

TEST(TrainerThreadTest, WhereverTheLearnerFailsTheCallerHearsOfIt) {
    using Place = std::function<void()> Script::*;
    for (const Place place : {&Script::on_begin, &Script::on_warm_up, &Script::on_take,
                              &Script::on_brief, &Script::on_run, &Script::on_finish}) {
        Script script;
        script.*place = fail;
        TrainerThread thread(script, true);
        const auto all = [&] {
            thread.take(input_of(1));
            thread.ask({}, [](const Brief&) {});
            thread.submit({});
            thread.finish(kEnd);
        };
        EXPECT_THROW(all(), Failure);
        EXPECT_THROW(thread.rethrow(), Failure);  // and again
        EXPECT_THROW(thread.has_done(0), Failure);
        EXPECT_THROW(thread.finish(kEnd), Failure);
    }
}

TEST(TrainerThreadTest, WithoutAFailureNothingIsRethrown) {
    Script script;
    TrainerThread thread(script);
    thread.submit({});
    EXPECT_NO_THROW(thread.rethrow());
    thread.finish(kEnd);
    EXPECT_NO_THROW(thread.rethrow());
}

TEST(TrainerThreadTest, WhatTheLearnerIsToldOfAfterAFailureIsNotDone) {
    Script script;
    script.on_run = [&] {
        if (script.run_ == 3) fail();
    };
    TrainerThread thread(script);
    try {
        for (int i = 0; i < 10; ++i) thread.submit({});
        thread.finish(kEnd);
    } catch (const Failure&) {
    }
    EXPECT_EQ(script.run_, 3);
    EXPECT_EQ(thread.steps_done(), 2);
}

TEST(TrainerThreadTest, StepsAreCountedAndNothingElse) {
    Script script;
    TrainerThread thread(script);
    EXPECT_EQ(thread.steps_done(), 0);
    for (int i = 0; i < 7; ++i) {
        thread.take(input_of(1));
        thread.submit({});
        thread.ask({}, [](const Brief&) {});
    }
    thread.finish(kEnd);
    EXPECT_EQ(thread.steps_done(), 7);
    for (std::int64_t step = 0; step < 9; ++step) EXPECT_EQ(thread.has_done(step), step < 7);
}

TEST(TrainerThreadTest, AStepIsDoneWhenTheLearnerHasSeenItAndNotBefore) {
    Script script;
    std::latch go(1);
    script.on_run = [&] {
        if (script.run_ == 2) go.wait();
    };
    TrainerThread thread(script);
    thread.submit({});
    thread.submit({});
    while (!thread.has_done(0)) std::this_thread::yield();
    EXPECT_FALSE(thread.has_done(1));
    go.count_down();
    while (!thread.has_done(1)) std::this_thread::yield();
    thread.finish(kEnd);
}

TEST(TrainerThreadTest, TheCallerRunsAheadByALittleAndNeverByMuch) {
    constexpr std::int64_t kAhead = 64;  // in the queue
    Script script;
    std::atomic<std::int64_t> pushed{0};
    std::atomic<std::int64_t> furthest{0};
    script.on_take = [&] { furthest = std::max<std::int64_t>(furthest, pushed - script.taken); };
    TrainerThread thread(script);
    for (; pushed < 3000; ++pushed) thread.take(input_of(1));
    thread.finish(kEnd);
    EXPECT_EQ(script.taken, 3000);
    EXPECT_LE(furthest, kAhead);
}

TEST(TrainerThreadTest, NothingWaitsForTheConstructorButTheWarmUp) {
    Script script;
    bool warm = false;
    script.on_warm_up = [&] { warm = true; };
    {
        const TrainerThread thread(script, true);
        EXPECT_TRUE(warm);
    }
    warm = false;
    const TrainerThread thread(script);
    EXPECT_FALSE(warm);
}

TEST(TrainerThreadTest, ALearnerThatHasFinishedIsNotAbandoned) {
    Script script;
    {
        TrainerThread thread(script);
        thread.finish(kEnd);
    }
    EXPECT_FALSE(script.abandoned);
    { const TrainerThread thread(script); }
    EXPECT_TRUE(script.abandoned);
}

TEST(TrainerThreadTest, WhatIsLeftInTheQueueOfARunThatWasGivenUpIsNotDone) {
    Script script;
    std::latch go(1);
    std::int64_t done = 0;
    script.on_take = [&] {
        if (script.taken == 1)
            go.wait();
        else
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ++done;
    };
    script.on_finish = [] { ADD_FAILURE() << "it trains on"; };
    std::jthread later;
    {
        TrainerThread thread(script);
        for (int i = 0; i < 40; ++i) thread.take(input_of(1));
        while (script.taken == 0) std::this_thread::yield();
        later = std::jthread([&] {  // it goes on when the run has been given up
            while (!script.abandoned) std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            go.count_down();
        });
    }
    EXPECT_LT(done, 40);
}

TEST(TrainerThreadTest, WhoGivesUpWhileTheLastStepsAreDoneHasNoLastEvaluation) {
    Script script;
    script.on_run = [&] {
        while (!script.abandoned) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    };
    script.on_finish = [] { ADD_FAILURE() << "it trains on"; };
    TrainerThread thread(script);
    thread.submit({});
    EXPECT_THROW(thread.finish(kEnd, fail), Failure);
}

TEST(TrainerThreadTest, BriefsAreAnsweredInTheOrderOfTheQuestions) {
    Script script;
    std::vector<int> order;
    {
        TrainerThread thread(script);
        for (int i = 0; i < 100; ++i)
            thread.ask({}, [&order, i](const Brief&) { order.push_back(i); });
        thread.finish(kEnd);
    }
    EXPECT_EQ(order.size(), 100U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(TrainerThreadTest, WhatTheCallerOfFinishThrowsLeavesIt) {
    Script script;
    std::latch go(1);
    script.on_finish = [&] { go.wait(); };
    TrainerThread thread(script);
    int looks = 0;
    EXPECT_THROW(thread.finish(kEnd,
                               [&] {
                                   if (++looks == 2) fail();
                               }),
                 Failure);
    EXPECT_EQ(looks, 2);
    go.count_down();
    thread.finish(kEnd);
}

}  // namespace
}  // namespace mobi::test
