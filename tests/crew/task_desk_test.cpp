// SPDX-License-Identifier: Apache-2.0
#include "crew/task_desk.hpp"

#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "messages/tags.hpp"
#include "messages/work_request.hpp"
#include "method/plans.hpp"
#include "transport/local_channel.hpp"

namespace mobi::test {
namespace {

constexpr WallClock::duration kNow(0);

/// The desk at one end, its only worker at the other: the test.
class TaskDeskTest : public ::testing::Test {
  protected:
    TaskDeskTest() : plan(two_devices()), ends(LocalChannel::make_pair()) {
        plan.backbones.push_back(plan.backbones[0]);
        for (std::int32_t id = 2; id < 5; ++id) {
            plan.devices.push_back(plan.devices[1]);
            plan.devices.back().id = id;
        }
        plan.devices[4].backbone = 1;
        tokens.train.resize(plan.samples.size());
        for (std::size_t i = 0; i < tokens.train.size(); ++i)
            tokens.train[i].id = static_cast<std::int32_t>(i);
        tokens.test.resize(plan.backbones.size());
        settings.forward.group_devices = 3;
        desk = std::make_unique<TaskDesk>(*ends.first, plan, tokens, settings);
        // the learner: each version is a content, and the device's number its own
        desk->set_briefs(
            [this](const DeviceTask& task, const std::function<void(Brief)>& reply) {
                if (silent) return;
                const auto bytes = std::make_shared<const Bytes>(Bytes{std::byte{7}});
                reply({{{task.version, bytes}}, Bytes(task.device.index())});
            },
            [this] {
                if (silent) throw std::runtime_error("the learner has failed");
            });
    }

    static DeviceTask task(std::int64_t id, std::int32_t device, std::int64_t version = 0) {
        DeviceTask task;
        task.id = TaskId(id);
        task.device = DeviceId(device);
        task.version = version;
        Part part;
        part.up_bytes = 2;
        task.parts.push_back(part);
        task.samples = {SampleId(3), SampleId(4)};
        return task;
    }

    /// What the worker is sent at once, by tag.
    std::vector<Message> sent() {
        desk->pump(kNow);
        std::vector<Message> messages;
        while (std::optional<Message> message = ends.second->receive(kNow))
            messages.push_back(*std::move(message));
        return messages;
    }
    void answer(std::int64_t id, std::byte value) {
        ends.second->send(0, kTagResult, encode_result({TaskId(id), 0, Bytes(2, value)}));
    }
    void report() { ends.second->send(0, kTagDone, encode_report({})); }

    FleetPlan plan;
    TokenTable tokens;
    LiveSettings settings;
    LocalChannel::Pair ends;
    bool silent = false;
    std::unique_ptr<TaskDesk> desk;
};

TEST_F(TaskDeskTest, TasksOfOneBackboneThatWereAssignedTogetherAreOneRequest) {
    for (std::int32_t device = 0; device < 5; ++device) desk->assigned(task(device, device));
    desk->dispatched();
    const std::vector<Message> messages = sent();
    std::vector<std::vector<std::int64_t>> groups;
    for (const Message& message : messages)
        if (message.tag == kTagRequest) {
            groups.emplace_back();
            for (const WorkItem& item : decode_request(message.bytes).work.items)
                groups.back().push_back(item.task.value());
        }
    EXPECT_EQ(groups, (std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {3}}));  // two at a time
}

TEST_F(TaskDeskTest, ARequestHasSamplesBriefAndCharge) {
    desk->assigned(task(9, 2, 5));
    desk->dispatched();
    const std::vector<Message> messages = sent();
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].tag, kTagContent);  // before what names it
    EXPECT_EQ(decode_content(messages[0].bytes).id, 5);
    const WorkItem item = decode_request(messages[1].bytes).work.items.at(0);
    EXPECT_EQ(item.device, 2);
    EXPECT_EQ(item.up_bytes, 2);
    EXPECT_EQ(item.samples.at(1).id, 4);
    EXPECT_EQ(item.brief.own.size(), 2U);
    EXPECT_EQ(item.brief.shared.at(0).id, 5);
}

TEST_F(TaskDeskTest, AContentIsSentOnceAndForgottenWhenNobodyNamesIt) {
    const auto count = [](const std::vector<Message>& messages, int tag) {
        return std::count_if(messages.begin(), messages.end(),
                             [tag](const Message& message) { return message.tag == tag; });
    };
    desk->assigned(task(0, 0));
    desk->dispatched();
    desk->assigned(task(1, 1));
    desk->dispatched();
    EXPECT_EQ(count(sent(), kTagContent), 1);
    for (const std::int64_t id : {0, 1}) {
        answer(id, std::byte{1});
        report();
        desk->pump(kNow);
        desk->ended_early(TaskId(id), 0);  // as good as taken
    }
    desk->pump(kNow);
    desk->pump(kNow);
    EXPECT_EQ(count(sent(), kTagForget), 0);  // the next round may start from it again
    desk->assigned(task(2, 0, 1));
    desk->dispatched();
    const std::vector<Message> messages = sent();
    EXPECT_EQ(count(messages, kTagContent), 1);
    EXPECT_EQ(count(messages, kTagForget), 1);
}

TEST_F(TaskDeskTest, NothingGoesOutBeforeItsBriefIsThereAndAFailedLearnerIsNoticed) {
    silent = true;
    desk->assigned(task(0, 0));
    desk->dispatched();
    EXPECT_THROW(sent(), std::runtime_error);  // what the learner threw: nobody waits for ever
    EXPECT_FALSE(ends.second->receive(kNow));
}

TEST_F(TaskDeskTest, ARecalledTaskCostsNothingAndItsResultIsIgnored) {
    desk->assigned(task(0, 0));
    desk->assigned(task(1, 1));
    desk->dispatched();
    desk->ended_early(TaskId(0), 0);
    const std::vector<Message> messages = sent();
    EXPECT_EQ(decode_request(messages.back().bytes).work.items.size(), 1U);
    answer(0, std::byte{1});
    desk->pump(kNow);
    EXPECT_TRUE(desk->received(TaskId(0), 0).has_value());  // nobody waits for it
    EXPECT_FALSE(desk->received(TaskId(1), 0).has_value());
    answer(1, std::byte{1});
    desk->pump(kNow);
    EXPECT_TRUE(desk->received(TaskId(1), 0).has_value());
}

TEST_F(TaskDeskTest, AResultOfNoPartBreaksTheProtocol) {
    desk->assigned(task(0, 0));
    desk->dispatched();
    sent();
    ends.second->send(0, kTagResult, encode_result({TaskId(0), 1, {}}));
    EXPECT_THROW(desk->pump(kNow), ProtocolError);
}

}  // namespace
}  // namespace mobi::test
