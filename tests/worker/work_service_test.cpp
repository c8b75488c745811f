// SPDX-License-Identifier: Apache-2.0
#include "worker/work_service.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "messages/tags.hpp"
#include "support/contains.hpp"
#include "worker/test_program.hpp"

namespace mobi::test {
namespace {

/// The next result, however long it takes.
WorkService::Result take(WorkService& service) {
    while (true) {
        if (std::optional<WorkService::Result> result = service.try_take())
            return std::move(*result);
        std::this_thread::yield();
    }
}

/// What the service says is wrong.
template <typename Error>
std::string failure(WorkService& service) {
    try {
        while (true) take(service);
    } catch (const Error& error) {
        return error.what();
    }
}

WorkRequest request_of(std::int32_t number, std::size_t items, std::int64_t up_bytes = 3) {
    WorkRequest request;
    request.request = number;
    request.work.items.resize(items);
    for (std::size_t i = 0; i < items; ++i) {
        request.work.items[i].task = TaskId(number);
        request.work.items[i].part = static_cast<std::int32_t>(i);
        request.work.items[i].up_bytes = up_bytes;
    }
    return request;
}

/// Bytes that tell whose they are.
Bytes answer(const WorkItem& item) {
    return Bytes(static_cast<std::size_t>(item.up_bytes),
                 static_cast<std::byte>(item.task.value() * 7 + item.part));
}

WorkCounts answer_all(const Work& work, const Workshop& /*workshop*/, const Emit& emit) {
    WorkCounts counts;
    for (const WorkItem& item : work.items) {
        counts.samples += 1;
        counts.tokens += item.up_bytes;
        emit.result(item, answer(item));
    }
    counts.done_flop = 1e9;
    return counts;
}

/// Every request is answered once, item by item in their order, and only then reported as done.
TEST(WorkServicePropertyTest, ResultsOfARequestComeInOrderAndBeforeItsReport) {
    const TestProgram program(answer_all);
    for (const std::int32_t threads : {1, 2, 4}) {
        WorkService service(bare_setup(threads), program);
        RandomStream stream(1, Purpose::Test);
        constexpr std::int32_t kRequests = 200;
        std::vector<WorkRequest> requests;
        for (std::int32_t r = 0; r < kRequests; ++r) {
            WorkRequest request = request_of(r, stream.below(5));
            request.release = static_cast<Release>(stream.below(2));
            request.work.kind = static_cast<PacketKind>(stream.below(2));
            for (WorkItem& item : request.work.items)
                item.up_bytes = static_cast<std::int64_t>(stream.below(20));
            requests.push_back(request);
            service.submit(std::move(request));
        }
        std::vector<std::size_t> answered(kRequests);
        std::vector<std::int64_t> wire_bytes(kRequests);
        for (std::int32_t open = kRequests; open > 0;) {
            const WorkService::Result got = take(service);
            if (got.tag == kTagResult) {
                const ItemResult result = decode_result(got.bytes);
                const auto r = static_cast<std::size_t>(result.task.value());
                ASSERT_LT(answered[r], requests[r].work.items.size());
                const WorkItem& item = requests[r].work.items[answered[r]++];
                ASSERT_EQ(result.part, item.part);
                ASSERT_EQ(result.bytes, answer(item));
                ASSERT_EQ(got.release, requests[r].release);
                wire_bytes[r] += static_cast<std::int64_t>(got.bytes.size());
                continue;
            }
            ASSERT_EQ(got.tag, kTagDone);
            const WorkReport report = decode_report(got.bytes);
            const auto r = static_cast<std::size_t>(report.request);
            const Work& work = requests[r].work;
            ASSERT_EQ(answered[r], work.items.size());
            ASSERT_EQ(report.wire_bytes, wire_bytes[r]);
            ASSERT_EQ(report.kind, work.kind);
            ASSERT_EQ(report.counts.samples, static_cast<std::int64_t>(work.items.size()));
            ASSERT_EQ(report.counts.done_flop, 1e9);
            ASSERT_EQ(report.peak_flop_per_s, 0) << "no backbone, no peak";
            ASSERT_GE(report.wall_s, 0);
            ASSERT_GE(report.cpu_s, 0);
            answered[r] = work.items.size() + 1;  // a second report would be noticed
            --open;
        }
        EXPECT_FALSE(service.try_take());
    }
}

TEST(WorkServiceTest, PacketsAreCountedLikeOtherResults) {
    const TestProgram program([](const Work& work, const Workshop&, const Emit& emit) {
        for (const WorkItem& item : work.items) emit.packet(answer(item));
        return WorkCounts{};
    });
    WorkService service(bare_setup(1), program);
    service.submit(request_of(0, 2, 11));
    for (std::int32_t part = 0; part < 2; ++part) {
        const WorkService::Result got = take(service);
        EXPECT_EQ(got.tag, kTagPacket);
        EXPECT_EQ(got.bytes, Bytes(11, static_cast<std::byte>(part)));
    }
    EXPECT_EQ(decode_report(take(service).bytes).wire_bytes, 22);
}

TEST(WorkServiceTest, AProgramFindsWhatTheSetUpSays) {
    WorkerSetup setup = bare_setup(1);
    setup.seed = 42;
    setup.classes = 5;
    setup.batch_tokens = 77;
    setup.backbones.push_back(setup.backbones[0]);
    setup.backbones[1].pivot = Pivot::Last;
    setup.backbones[1].tap_layers = {0, 2};
    setup.backbones[1].layout = {Precision::Int8, 2, 16, 5, true};
    const TestProgram program([&](const Work& work, const Workshop& workshop, const Emit&) {
        const WorkerSetup::Backbone& expected =
            setup.backbones[static_cast<std::size_t>(work.backbone)];
        EXPECT_EQ(workshop.seed, 42U);
        EXPECT_EQ(workshop.classes, 5);
        EXPECT_EQ(workshop.batch_tokens, 77);
        EXPECT_EQ(workshop.pivot, expected.pivot);
        EXPECT_EQ(workshop.tap_layers, expected.tap_layers);
        EXPECT_EQ(workshop.layout, expected.layout);
        EXPECT_EQ(workshop.backbone, nullptr);
        EXPECT_EQ(workshop.head, nullptr);
        EXPECT_EQ(at::get_num_threads(), 1) << "each thread computes alone";
        return WorkCounts{};
    });
    WorkService service(setup, program);
    for (const std::int32_t backbone : {0, 1}) {
        WorkRequest request;
        request.work.backbone = backbone;
        service.submit(request);
        EXPECT_EQ(decode_report(take(service).bytes).backbone, backbone);
    }
}

TEST(WorkServiceTest, WithoutForwardPassesResultsAreZerosOfTheChargedSize) {
    WorkerSetup setup = bare_setup(1);
    setup.forward = false;
    const TestProgram program([](const Work&, const Workshop&, const Emit&) -> WorkCounts {
        ADD_FAILURE() << "computed";
        return {};
    });
    WorkService service(setup, program);
    service.submit(request_of(1, 1, 9));
    EXPECT_EQ(decode_result(take(service).bytes).bytes, Bytes(9));
    EXPECT_EQ(take(service).tag, kTagDone);
}

TEST(WorkServiceTest, AResultOfAnotherSizeThanChargedIsABug) {
    const TestProgram program([](const Work& work, const Workshop&, const Emit& emit) {
        emit.result(work.items[0], Bytes(4));
        return WorkCounts{};
    });
    WorkService service(bare_setup(1), program);
    service.submit(request_of(0, 1, 3));
    EXPECT_TRUE(contains(failure<Bug>(service), "a result of 4 bytes, but 3 are charged"));
}

TEST(WorkServiceTest, AnItemWithoutAResultIsABug) {
    const TestProgram program([](const Work& work, const Workshop&, const Emit& emit) {
        emit.result(work.items[0], answer(work.items[0]));
        return WorkCounts{};
    });
    WorkService service(bare_setup(1), program);
    service.submit(request_of(0, 2));
    EXPECT_TRUE(contains(failure<Bug>(service), "1 results of 2 items"));
}

TEST(WorkServiceTest, WhatAThreadThrowsComesOutOnceAndTheOthersGoOn) {
    const TestProgram program([](const Work& work, const Workshop& workshop, const Emit& emit) {
        if (work.items.empty()) throw DataError("the weights are gone");
        return answer_all(work, workshop, emit);
    });
    WorkService service(bare_setup(2), program);
    service.submit(request_of(0, 0));
    EXPECT_EQ(failure<DataError>(service), "the weights are gone");
    EXPECT_FALSE(service.try_take());
    service.submit(request_of(1, 1));
    EXPECT_EQ(take(service).tag, kTagResult);
    EXPECT_EQ(take(service).tag, kTagDone);
}

TEST(WorkServiceTest, AsManyRequestsRunAtOnceAsThereAreThreads) {
    std::atomic<int> running = 0;
    std::atomic<int> most = 0;
    const TestProgram program([&](const Work&, const Workshop&, const Emit&) {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        while (most < 3) std::this_thread::yield();  // until all three are here
        --running;
        return WorkCounts{};
    });
    WorkService service(bare_setup(3), program);
    for (std::int32_t r = 0; r < 30; ++r) service.submit(request_of(r, 0));
    for (int r = 0; r < 30; ++r) take(service);
    EXPECT_EQ(most, 3);
}

/// The one that runs goes on until the last of those that wait is gone.
TEST(WorkServiceTest, WhatHasNotBegunIsDroppedAtTheEnd) {
    auto content = std::make_shared<const Bytes>(1);
    const std::weak_ptr<const Bytes> kept = content;
    std::atomic<int> begun = 0;
    const TestProgram program([&](const Work&, const Workshop&, const Emit&) {
        ++begun;
        while (!kept.expired()) std::this_thread::yield();
        return WorkCounts{};
    });
    {
        WorkService service(bare_setup(1), program);
        service.submit(request_of(0, 0));
        while (begun == 0) std::this_thread::yield();
        for (std::int32_t r = 1; r < 50; ++r) {
            WorkRequest request = request_of(r, 1);
            request.work.items[0].brief.shared = {{1, content}};
            service.submit(std::move(request));
        }
        content.reset();
        EXPECT_FALSE(kept.expired());
    }
    EXPECT_EQ(begun, 1);
}

}  // namespace
}  // namespace mobi::test
