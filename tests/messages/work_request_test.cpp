// SPDX-License-Identifier: Apache-2.0
#include "messages/work_request.hpp"

#include <gtest/gtest.h>

#include "messages/message_samples.hpp"

namespace mobi::test {
namespace {

void expect_same(const WorkItem& got, const WorkItem& sent) {
    EXPECT_EQ(got.task, sent.task);
    EXPECT_EQ(got.device, sent.device);
    EXPECT_EQ(got.part, sent.part);
    EXPECT_EQ(got.up_bytes, sent.up_bytes);
    ASSERT_EQ(got.samples.size(), sent.samples.size());
    for (std::size_t i = 0; i < got.samples.size(); ++i) {
        EXPECT_EQ(got.samples[i].id, sent.samples[i].id);
        EXPECT_EQ(got.samples[i].label, sent.samples[i].label);
        EXPECT_EQ(got.samples[i].target, sent.samples[i].target);
        EXPECT_EQ(got.samples[i].ids, sent.samples[i].ids);
        EXPECT_EQ(got.samples[i].type_ids, sent.samples[i].type_ids);
    }
    ASSERT_EQ(got.brief.shared.size(), sent.brief.shared.size());
    for (std::size_t i = 0; i < got.brief.shared.size(); ++i)
        EXPECT_EQ(got.brief.shared[i].id, sent.brief.shared[i].id);
    EXPECT_EQ(got.brief.own, sent.brief.own);
}

TEST(WorkRequestTest, EveryFieldComesBackAsItWasSent) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        const WorkRequest sent = MessageSamples(seed).request();
        const Bytes bytes = encode_request(sent);
        const WorkRequest got = decode_request(bytes);
        EXPECT_EQ(got.request, sent.request);
        EXPECT_EQ(got.release, sent.release);
        EXPECT_EQ(got.work.backbone, sent.work.backbone);
        EXPECT_EQ(got.work.kind, sent.work.kind);
        ASSERT_EQ(got.work.items.size(), sent.work.items.size());
        for (std::size_t i = 0; i < got.work.items.size(); ++i)
            expect_same(got.work.items[i], sent.work.items[i]);
        EXPECT_EQ(encode_request(got), bytes);
    }
}

TEST(WorkRequestTest, SharedContentsGoByTheirIdsAlone) {
    WorkRequest request;
    request.work.items.resize(2);
    const Bytes plain = encode_request(request);
    const auto content = std::make_shared<const Bytes>(100'000);
    for (WorkItem& item : request.work.items) item.brief.shared = {{5, content}, {6, content}};
    const Bytes bytes = encode_request(request);
    EXPECT_EQ(bytes.size(), plain.size() + 2 * 2 * 8);
    const WorkRequest got = decode_request(bytes);
    for (const WorkItem& item : got.work.items)
        for (const Content& shared : item.brief.shared) EXPECT_EQ(shared.bytes, nullptr);
}

TEST(WorkRequestTest, EveryOtherLengthIsRefused) {
    for (std::uint64_t seed = 0; seed < 30; ++seed)
        expect_no_other_length(encode_request(MessageSamples(seed).request()), "work request",
                               decode_request);
}

TEST(WorkRequestTest, NothingElseIsRead) {
    for (std::uint64_t seed = 0; seed < 100; ++seed)
        expect_nothing_else_is_read(encode_request(MessageSamples(seed).request()), seed,
                                    encode_request, decode_request);
}

TEST(WorkRequestTest, AnUnknownKindOrReleaseIsRefused) {
    Bytes bytes = encode_request({});
    bytes[4] = std::byte{3};  // behind the number
    EXPECT_EQ(refusal(bytes, decode_request), "work request: unknown release");
    bytes = encode_request({});
    bytes[9] = std::byte{2};  // behind release and backbone
    EXPECT_EQ(refusal(bytes, decode_request), "work request: unknown packet kind");
}

TEST(ContentTest, EveryFieldComesBackAsItWasSent) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const Content sent = MessageSamples(seed).content();
        const Bytes bytes = encode_content(sent);
        const Content got = decode_content(bytes);
        EXPECT_EQ(got.id, sent.id);
        ASSERT_NE(got.bytes, nullptr);
        EXPECT_EQ(*got.bytes, *sent.bytes);
    }
}

TEST(ContentTest, WithoutAnIdIsRefused) {
    const Bytes bytes = encode_content({7, std::make_shared<const Bytes>()});
    ASSERT_EQ(bytes.size(), 8U);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_TRUE(
            contains(refusal(std::span(bytes).first(size), decode_content), "content: cut short"));
}

TEST(ItemResultTest, EveryFieldComesBackAsItWasSent) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const ItemResult sent = MessageSamples(seed).result();
        const ItemResult got = decode_result(encode_result(sent));
        EXPECT_EQ(got.task, sent.task);
        EXPECT_EQ(got.part, sent.part);
        EXPECT_EQ(got.bytes, sent.bytes);
    }
}

TEST(ItemResultTest, WithoutTaskAndPartIsRefused) {
    const Bytes bytes = encode_result({TaskId(3), 1, {}});
    ASSERT_EQ(bytes.size(), 12U);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_TRUE(
            contains(refusal(std::span(bytes).first(size), decode_result), "result: cut short"));
}

TEST(WorkReportTest, EveryFieldComesBackAsItWasSent) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const WorkReport sent = MessageSamples(seed).report();
        const WorkReport got = decode_report(encode_report(sent));
        EXPECT_EQ(got.request, sent.request);
        EXPECT_EQ(got.backbone, sent.backbone);
        EXPECT_EQ(got.kind, sent.kind);
        EXPECT_EQ(got.counts.samples, sent.counts.samples);
        EXPECT_EQ(got.counts.tokens, sent.counts.tokens);
        EXPECT_EQ(got.counts.clamped, sent.counts.clamped);
        EXPECT_EQ(got.counts.done_flop, sent.counts.done_flop);
        EXPECT_EQ(got.wire_bytes, sent.wire_bytes);
        EXPECT_EQ(got.wall_s, sent.wall_s);
        EXPECT_EQ(got.cpu_s, sent.cpu_s);
        EXPECT_EQ(got.peak_flop_per_s, sent.peak_flop_per_s);
    }
}

TEST(WorkReportTest, NothingElseIsRead) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const Bytes bytes = encode_report(MessageSamples(seed).report());
        expect_no_other_length(bytes, "work report", decode_report);
        expect_nothing_else_is_read(bytes, seed, encode_report, decode_report);
    }
}

TEST(WorkReportTest, AnUnknownKindIsARefusalOfTheReport) {
    Bytes bytes = encode_report({});
    bytes[8] = std::byte{2};  // behind request and backbone
    EXPECT_EQ(refusal(bytes, decode_report), "work report: unknown packet kind");
}

TEST(WorkerReportTest, EveryFieldComesBackAndNothingElseIsRead) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const WorkerReport sent = MessageSamples(seed).worker_report();
        const Bytes bytes = encode_worker_report(sent);
        const WorkerReport got = decode_worker_report(bytes);
        EXPECT_EQ(got.wall_s, sent.wall_s);
        EXPECT_EQ(got.cpu_s, sent.cpu_s);
        EXPECT_EQ(got.peak_rss_bytes, sent.peak_rss_bytes);
        EXPECT_EQ(got.threads, sent.threads);
        expect_no_other_length(bytes, "worker report", decode_worker_report);
    }
}

}  // namespace
}  // namespace mobi::test
