// SPDX-License-Identifier: Apache-2.0
#include "crew/task_desk.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "crew/list_fleet.hpp"
#include "crew/scripted_channel.hpp"
#include "messages/tags.hpp"
#include "messages/work_request.hpp"
#include "method/plans.hpp"
#include "support/contains.hpp"
#include "transport/local_channel.hpp"
#include "transport/silent_rank.hpp"

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

/// Several workers, which answer when the test says so.
class TaskDeskCrewTest : public TaskDeskTest {
  protected:
    // beside a content of its version, every brief names these
    static constexpr std::int64_t kAlways = 1'000'000;
    static constexpr std::int64_t kInTurn = 2'000'000;  ///< comes back with each third version

    struct Asked {
        int worker = 0;
        WorkRequest request;
    };

    TaskDeskCrewTest() { start(); }

    void start() {
        asked.clear();
        crew = std::make_unique<ScriptedChannel>(
            4, [this](int to, const Message& message) { take(to, message); });
        desk = std::make_unique<TaskDesk>(*crew, plan, tokens, settings);
        desk->serve(fleet);
        desk->set_briefs(
            [](const DeviceTask& task, const std::function<void(Brief)>& reply) {
                const auto bytes = std::make_shared<const Bytes>(Bytes{std::byte{7}});
                reply(
                    {{{task.version, bytes}, {kAlways, bytes}, {kInTurn + task.version % 3, bytes}},
                     {}});
            },
            {});
    }

    virtual void take(int to, const Message& message) {
        if (message.tag == kTagRequest) asked.push_back({to, decode_request(message.bytes)});
    }

    static DeviceTask parts(std::int64_t id,
                            std::int32_t device,
                            const std::vector<std::int64_t>& up_bytes) {
        DeviceTask task = TaskDeskTest::task(id, device);
        task.parts.clear();
        for (const std::int64_t bytes : up_bytes) {
            task.parts.emplace_back();
            task.parts.back().down_bytes = 1;
            task.parts.back().up_bytes = bytes;
        }
        return task;
    }
    void result(std::int64_t task, std::int32_t part, std::byte value, int worker = 1) {
        crew->answer(worker, kTagResult, encode_result({TaskId(task), part, {value}}));
        desk->pump(kNow);
    }
    /// Has a request answered: each of its parts, with the task's number, and the report.
    void answer(const Asked& one) {
        for (const WorkItem& item : one.request.work.items)
            crew->answer(one.worker, kTagResult,
                         encode_result({item.task, item.part,
                                        Bytes(1, static_cast<std::byte>(item.task.value()))}));
        crew->answer(one.worker, kTagDone, encode_report({}));
        for (std::size_t i = 0; i <= one.request.work.items.size(); ++i) desk->pump(kNow);
    }
    std::vector<std::int64_t> tasks_of(const Asked& one) const {
        std::vector<std::int64_t> tasks;
        for (const WorkItem& item : one.request.work.items) tasks.push_back(item.task.value());
        return tasks;
    }
    Bytes taken(std::int64_t task, std::int32_t part) {
        fleet.add_delivery(task, part);
        return std::get<Bytes>(desk->take(fleet.delivered() - 1));
    }

    ListFleet fleet;
    std::unique_ptr<ScriptedChannel> crew;
    std::vector<Asked> asked;  // in order
};

TEST_F(TaskDeskCrewTest, GroupsAreRunsOfOneBackboneWithinWhatWasAssignedTogether) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        RandomStream random(seed, Purpose::Test);
        settings.forward.group_devices = static_cast<int>(1 + random.below(4));
        settings.threads_per_worker = 1000;  // all may go out
        start();
        std::vector<std::vector<std::int64_t>> expected;
        std::int64_t id = 0;
        for (int round = 0; round < 6; ++round) {
            std::int32_t backbone = -1;
            for (std::uint64_t i = random.below(9); i > 0; --i) {
                const auto device = static_cast<std::int32_t>(random.below(5));
                const std::int32_t own = plan.devices[static_cast<std::size_t>(device)].backbone;
                if (own != backbone ||
                    std::ssize(expected.back()) == settings.forward.group_devices)
                    expected.emplace_back();
                backbone = own;
                expected.back().push_back(id);
                desk->assigned(task(id++, device));
            }
            desk->dispatched();
            desk->dispatched();  // nothing new
            if (random.below(2) == 0) desk->pump(kNow);
        }
        desk->pump(kNow);
        std::vector<std::vector<std::int64_t>> groups;
        for (const Asked& one : asked) {
            groups.push_back(tasks_of(one));
            for (const WorkItem& item : one.request.work.items)
                EXPECT_EQ(plan.devices[static_cast<std::size_t>(item.device)].backbone,
                          one.request.work.backbone);
        }
        EXPECT_EQ(groups, expected) << "seed " << seed;
        if (HasFailure()) return;
    }
}

TEST_F(TaskDeskCrewTest, RequestsAreNumberedAndGoToTheIdlest) {
    settings.forward.group_devices = 1;
    start();
    for (std::int64_t id = 0; id < 6; ++id) desk->assigned(task(id, 0));
    desk->dispatched();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(asked[i].request.request, static_cast<std::int32_t>(i));
        EXPECT_EQ(asked[i].worker, 1 + static_cast<int>(i % 3));
    }
    answer(asked[4]);  // of worker 2
    desk->assigned(task(6, 0));
    desk->dispatched();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 7U);
    EXPECT_EQ(asked[6].worker, 2);
}

TEST_F(TaskDeskCrewTest, AWorkerHasNoMoreRequestsThanItsThreadsCanHold) {
    settings.forward.group_devices = 1;
    settings.threads_per_worker = 2;
    start();
    for (std::int64_t id = 0; id < 20; ++id) desk->assigned(task(id, 0));
    desk->dispatched();
    desk->pump(kNow);
    EXPECT_EQ(asked.size(), 3U * 2 * 2);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        answer(asked[i]);
        desk->pump(kNow);
        EXPECT_EQ(asked.size(), std::min<std::size_t>(20, 12 + i + 1));
    }
    EXPECT_EQ(asked.size(), 20U);
}

TEST_F(TaskDeskCrewTest, OfATaskThePartsThatBringSomethingAreComputed) {
    desk->assigned(parts(0, 0, {0, 0}));  // only fetches
    desk->assigned(parts(1, 1, {4, 0, 6}));
    desk->dispatched();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 1U);
    const std::vector<WorkItem>& items = asked[0].request.work.items;
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].part, 0);
    EXPECT_EQ(items[0].up_bytes, 4);
    EXPECT_EQ(items[1].part, 2);
    EXPECT_EQ(items[1].up_bytes, 6);
    // nobody waits for what brings nothing
    EXPECT_EQ(desk->received(TaskId(0), 1), WallClock::time_point::min());
    EXPECT_EQ(desk->received(TaskId(1), 1), WallClock::time_point::min());
    EXPECT_FALSE(desk->received(TaskId(1), 0));
}

TEST_F(TaskDeskCrewTest, PartsAreTakenInWhateverOrderTheyCome) {
    desk->assigned(parts(0, 0, {1, 1, 1}));
    desk->dispatched();
    desk->pump(kNow);
    const WallClock::time_point before = WallClock::now();
    for (const std::int32_t part : {2, 0, 1}) result(0, part, static_cast<std::byte>(part));
    for (const std::int32_t part : {0, 1, 2}) {
        const auto received = desk->received(TaskId(0), part);
        ASSERT_TRUE(received);
        EXPECT_GE(*received, before);
        EXPECT_LE(*received, WallClock::now());
        EXPECT_EQ(taken(0, part), Bytes(1, static_cast<std::byte>(part)));
    }
    EXPECT_EQ(desk->received(TaskId(0), 0), WallClock::time_point::min());  // it is over
}

TEST_F(TaskDeskCrewTest, OfATaskThatEndsEarlyTheFirstPartsAreStillTaken) {
    desk->assigned(parts(0, 0, {1, 1, 1}));
    desk->dispatched();
    desk->pump(kNow);
    result(0, 0, std::byte{5});
    result(0, 2, std::byte{7});
    desk->ended_early(TaskId(0), 1);
    EXPECT_EQ(desk->received(TaskId(0), 2), WallClock::time_point::min());
    result(0, 1, std::byte{6});  // too late
    EXPECT_EQ(desk->received(TaskId(0), 1), WallClock::time_point::min());
    EXPECT_EQ(taken(0, 0), Bytes(1, std::byte{5}));
    EXPECT_EQ(desk->received(TaskId(0), 0), WallClock::time_point::min());
    desk->ended_early(TaskId(0), 0);  // of what has ended: nothing happens
    desk->ended_early(TaskId(77), 0);
}

TEST_F(TaskDeskCrewTest, PartsThatWereRecalledBeforeTheyWentOutAreNotComputed) {
    desk->assigned(parts(0, 0, {1, 1, 1}));
    desk->assigned(parts(1, 1, {1}));
    desk->assigned(parts(2, 2, {1}));
    desk->ended_early(TaskId(2), 0);  // before it was dispatched
    desk->dispatched();
    desk->ended_early(TaskId(0), 1);
    desk->ended_early(TaskId(1), 0);
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(tasks_of(asked[0]), std::vector<std::int64_t>{0});
    EXPECT_EQ(asked[0].request.work.items[0].part, 0);
}

TEST_F(TaskDeskCrewTest, AGroupOfWhichAllWasRecalledIsNoRequest) {
    desk->assigned(task(0, 0));
    desk->assigned(task(1, 1));
    desk->dispatched();
    desk->ended_early(TaskId(0), 0);
    desk->ended_early(TaskId(1), 0);
    desk->pump(kNow);
    EXPECT_TRUE(asked.empty());
    EXPECT_TRUE(crew->sent.empty());
    EXPECT_EQ(desk->replies().open_requests(), 0);
}

TEST_F(TaskDeskCrewTest, WhereNothingTrainsTasksNeedNoBrief) {
    desk->set_briefs({}, {});
    desk->assigned(task(0, 0));
    desk->dispatched();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(crew->sent.size(), 1U);  // and no contents
    EXPECT_TRUE(asked[0].request.work.items[0].brief.shared.empty());
}

TEST_F(TaskDeskCrewTest, AGroupWaitsForTheLastOfItsBriefsAndOthersOvertakeIt) {
    std::vector<std::function<void()>> answers;
    desk->set_briefs(
        [&](const DeviceTask&, const std::function<void(Brief)>& reply) {
            answers.emplace_back([reply] { reply({}); });
        },
        {});
    desk->assigned(task(0, 0));
    desk->assigned(task(1, 1));
    desk->dispatched();
    desk->assigned(task(2, 2));
    desk->dispatched();
    answers.at(0)();
    desk->pump(kNow);
    EXPECT_TRUE(asked.empty());
    answers.at(2)();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(tasks_of(asked[0]), std::vector<std::int64_t>{2});
    answers.at(1)();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(tasks_of(asked[1]), (std::vector<std::int64_t>{0, 1}));
}

TEST_F(TaskDeskCrewTest, BriefsMayComeFromAnotherThread) {
    settings.forward.group_devices = 1;
    settings.threads_per_worker = 1000;
    start();
    std::vector<std::function<void(Brief)>> replies;
    desk->set_briefs([&](const DeviceTask&,
                         const std::function<void(Brief)>& reply) { replies.push_back(reply); },
                     {});
    constexpr std::int64_t kTasks = 300;
    for (std::int64_t id = 0; id < kTasks; ++id) desk->assigned(task(id, 0));
    desk->dispatched();
    const std::jthread learner([&] {
        for (const auto& reply : replies) reply({});
    });
    while (std::ssize(asked) < kTasks) desk->pump(WallClock::duration(1e-3));
    for (std::int64_t id = 0; id < kTasks; ++id)
        EXPECT_EQ(tasks_of(asked[static_cast<std::size_t>(id)]), std::vector<std::int64_t>{id});
}

TEST_F(TaskDeskCrewTest, TakingWaitsForTheResult) {
    desk->assigned(task(8, 0));
    desk->dispatched();
    int idle = 0;
    crew->on_idle = [&] {
        if (++idle == 5) crew->answer(1, kTagResult, encode_result({TaskId(8), 0, {std::byte{3}}}));
    };
    EXPECT_EQ(taken(8, 0), Bytes(1, std::byte{3}));
    EXPECT_EQ(idle, 5);
}

TEST_F(TaskDeskCrewTest, WhoWaitsMayGiveUp) {
    bool gives_up = false;
    settings.on_wait = [&] {
        if (gives_up) throw GaveUp();
    };
    start();
    desk->assigned(task(0, 0));
    desk->dispatched();
    desk->pump(kNow);
    gives_up = true;
    EXPECT_THROW(taken(0, 0), GaveUp);
}

TEST_F(TaskDeskCrewTest, WhatASilentWorkerOwesIsComputedAgainAfterACheckpoint) {
    const auto assign_all = [&] {
        for (const auto& one : {parts(0, 0, {1}), parts(1, 1, {1, 1, 1}), parts(2, 4, {1, 1})}) {
            desk->assigned(one);
            desk->dispatched();
        }
    };
    assign_all();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 3U);
    answer(asked[0]);
    result(1, 0, std::byte{10}, asked[1].worker);  // then it falls silent
    result(1, 1, std::byte{11}, asked[1].worker);
    answer(asked[2]);
    EXPECT_EQ(taken(1, 0), Bytes(1, std::byte{10}));
    const auto fall_silent = [] { throw SilentRank("rank 2 on node2 has been silent"); };
    crew->on_idle = fall_silent;
    Archive written;
    EXPECT_NO_THROW(desk->archive(written));
    EXPECT_THROW(taken(1, 2), SilentRank) << "it is not forgotten";

    settings.resumes = true;
    fleet = ListFleet();
    start();
    assign_all();
    fleet.add_delivery(1, 0);
    desk->skip(0);
    const Bytes bytes = written.take();
    Archive read(bytes);
    desk->archive(read);
    desk->go_on();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 1U) << "of three";
    ASSERT_EQ(tasks_of(asked[0]), (std::vector<std::int64_t>{1, 1, 1}));
    EXPECT_EQ(taken(0, 0), Bytes(1, std::byte{0})) << "kept";
    EXPECT_EQ(taken(2, 1), Bytes(1, std::byte{2})) << "kept";
    // This one falls silent too: the part that was taken before does not stand for one that is not
    // there.
    result(1, 0, std::byte{10}, asked[0].worker);
    result(1, 1, std::byte{11}, asked[0].worker);
    crew->on_idle = fall_silent;
    Archive again;
    desk->archive(again);
    start();
    assign_all();
    for (std::int64_t i = 0; i < fleet.delivered(); ++i) desk->skip(i);
    const Bytes more = again.take();
    Archive read_again(more);
    desk->archive(read_again);
    desk->go_on();
    desk->pump(kNow);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(tasks_of(asked[0]), (std::vector<std::int64_t>{1, 1, 1}));
}

TEST_F(TaskDeskCrewTest, WhatIsNoResultBreaksTheProtocol) {
    desk->assigned(task(0, 0));
    desk->dispatched();
    desk->pump(kNow);
    const auto refusal = [&](int tag, Bytes bytes) {
        crew->answer(2, tag, std::move(bytes));
        try {
            desk->pump(kNow);
        } catch (const ProtocolError& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    EXPECT_TRUE(contains(refusal(kTagResult, encode_result({TaskId(0), -1, {}})),
                         "message from rank 2 with tag 11: expected a part of the task, got part "
                         "-1 of task 0"));
    EXPECT_TRUE(contains(refusal(kTagSegment, {}), "another tag"));
    Packet packet;
    packet.samples = {1};
    PacketLayout layout = plan.backbones[0].layout;
    packet.taps.resize(packet_bytes(layout, 1, false) - 2 * sizeof(float));
    packet.residual.resize(2);
    EXPECT_TRUE(contains(refusal(kTagPacket, encode_packet(packet, layout)),
                         "expected a task's result, got a packet"));
    EXPECT_EQ(refusal(kTagResult, encode_result({TaskId(9), 50, {}})), "accepted");  // recalled
}

TEST_F(TaskDeskCrewTest, NothingIsSentOnceWorkersAreToldToStop) {
    desk->assigned(task(0, 0));
    desk->dispatched();
    int stopped = 0;
    crew->on_idle = [&] {
        if (stopped++ == 0)
            for (int worker = 1; worker < 4; ++worker)
                crew->answer(worker, kTagReport, encode_worker_report({0, 0, 0, worker}));
    };
    const auto reports = desk->stop();
    EXPECT_EQ(reports.size(), 3U);
    EXPECT_EQ(reports.at(3).threads, 3);
    for (const auto& [to, message] : crew->sent) EXPECT_EQ(message.tag, kTagStop);
    EXPECT_EQ(crew->sent.size(), 3U);
}

TEST_F(TaskDeskCrewTest, ItEvaluatesNothingAndPromisesNothing) {
    EXPECT_TRUE(desk->evaluation() == nullptr);
    EXPECT_EQ(desk->samples_planned(), 0);
    ScriptedChannel alone(1);
    EXPECT_THROW(TaskDesk(alone, plan, tokens, settings), Bug);
}

/// Knows which worker has which content, and which tasks are open.
class TaskDeskContentsTest : public TaskDeskCrewTest {
  protected:
    void take(int to, const Message& message) override {
        std::set<std::int64_t>& has = contents[to];
        if (message.tag == kTagContent) {
            EXPECT_TRUE(has.insert(decode_content(message.bytes).id).second) << "sent twice";
        } else if (message.tag == kTagForget) {
            const auto id = ByteReader(message.bytes, "forget").get<std::int64_t>();
            EXPECT_EQ(has.erase(id), 1U) << "it never had it";
            EXPECT_NE(id, kAlways);
            if (briefed) {
                EXPECT_FALSE(names(latest, id));
            }
            for (const auto& [task, version] : open)
                EXPECT_FALSE(names(version, id)) << "task " << task;
        } else if (message.tag == kTagRequest) {
            TaskDeskCrewTest::take(to, message);
            for (const WorkItem& item : asked.back().request.work.items)
                for (const Content& content : item.brief.shared)
                    EXPECT_TRUE(has.contains(content.id)) << "content " << content.id;
        }
    }

    void pump() {
        desk->pump(kNow);
        open.merge(fresh);
        briefed = true;
    }
    static bool names(std::int64_t version, std::int64_t id) {
        return id == version || id == kAlways || id == kInTurn + version % 3;
    }

    std::map<int, std::set<std::int64_t>> contents;  // by worker
    std::map<std::int64_t, std::int64_t> open;       // version by task
    std::map<std::int64_t, std::int64_t> fresh;      // of them, whose briefs the desk has not seen
    std::int64_t latest = 0;                         // version of the last brief
    bool briefed = true;                             // the desk has seen all briefs
};

TEST_F(TaskDeskContentsTest, AContentIsThereWhileItIsNamedAndNoLonger) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        RandomStream random(seed, Purpose::Test);
        settings.forward.group_devices = static_cast<int>(1 + random.below(3));
        settings.threads_per_worker = static_cast<std::int32_t>(1 + random.below(2));
        contents.clear();
        open.clear();
        fresh.clear();
        latest = 0;
        start();
        std::int64_t next_task = 0;
        std::set<std::size_t> answered;
        const auto answer_one = [&](std::uint64_t from) {
            for (std::size_t i = from; i < asked.size(); ++i)
                if (answered.insert(i).second) return answer(Asked(asked[i]));
        };
        const auto take_what_is_there = [&] {
            for (auto one = open.begin(); one != open.end();) {
                const std::int64_t id = one->first;
                if (desk->received(TaskId(id), 0)) {
                    one = open.erase(one);
                    EXPECT_EQ(taken(id, 0), Bytes(1, static_cast<std::byte>(id)));
                } else {
                    ++one;
                }
            }
        };
        for (int step = 0; step < 300; ++step) {
            switch (random.below(6)) {
                case 0:  // a new round, perhaps from a new state
                    latest += static_cast<std::int64_t>(random.below(2));
                    for (std::uint64_t i = 1 + random.below(5); i > 0; --i) {
                        fresh[next_task] = latest;
                        desk->assigned(
                            task(next_task++, static_cast<std::int32_t>(random.below(5)), latest));
                    }
                    desk->dispatched();
                    briefed = false;
                    break;
                case 1:  // recalled, of the fresh ones too
                    if (random.below(2) == 0 && !fresh.empty()) {
                        desk->ended_early(TaskId(fresh.begin()->first), 0);
                        fresh.erase(fresh.begin());
                    }
                    if (open.empty()) break;
                    {
                        const auto one = std::next(
                            open.begin(), static_cast<std::ptrdiff_t>(random.below(open.size())));
                        const std::int64_t id = one->first;
                        open.erase(one);
                        desk->ended_early(TaskId(id), 0);
                    }
                    break;
                case 2:
                    take_what_is_there();
                    break;
                case 3:
                    pump();
                    break;
                default:
                    pump();
                    answer_one(asked.empty() ? 0 : random.below(asked.size()));
            }
        }
        pump();
        while (!open.empty()) {
            desk->pump(kNow);
            answer_one(0);
            take_what_is_there();
        }
        for (const auto& [worker, has] : contents)
            for (const std::int64_t id : has) EXPECT_TRUE(names(latest, id)) << "content " << id;
        EXPECT_GT(next_task, 50);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace mobi::test
