// SPDX-License-Identifier: Apache-2.0
#include "server/trainer_thread.hpp"

#include <atomic>
#include <chrono>
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

}  // namespace
}  // namespace mobi::test
