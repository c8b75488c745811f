// SPDX-License-Identifier: Apache-2.0
#include "messages/work_request.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

WorkRequest example() {
    WorkRequest request;
    request.request = 7;
    request.work.backbone = 2;
    WorkItem item;
    item.device = 3;
    item.samples = {{10, 1, 0.5F, {101, 7, 102}, {}}, {11, 0, 0, {101, 102}, {0, 1}}};
    request.work.items.push_back(item);
    item.samples.clear();
    item.task = TaskId(1'000'000'000'000);
    item.device = 4;
    item.part = 1;
    item.up_bytes = 12;
    item.brief = {{{5, nullptr}}, Bytes(3, std::byte{9})};
    request.work.items.push_back(item);
    return request;
}

TEST(WorkRequestTest, ComesBackAsItWasSent) {
    const Bytes bytes = encode_request(example());
    const WorkRequest request = decode_request(bytes);
    EXPECT_EQ(encode_request(request), bytes);
    EXPECT_EQ(request.work.items[0].samples[0].ids, (std::vector<std::int32_t>{101, 7, 102}));
    EXPECT_EQ(request.work.items[0].samples[1].type_ids, (std::vector<std::int32_t>{0, 1}));
    EXPECT_EQ(request.work.items[0].samples[0].target, 0.5F);
    EXPECT_EQ(request.work.items[1].device, 4);
    EXPECT_EQ(request.work.items[1].task, TaskId(1'000'000'000'000));
    EXPECT_EQ(request.work.items[1].up_bytes, 12);
    EXPECT_EQ(request.work.items[1].brief.shared[0].id, 5);
    EXPECT_EQ(request.work.items[1].brief.own, Bytes(3, std::byte{9}));
}

TEST(WorkRequestTest, EveryTruncationIsRefused) {
    const Bytes bytes = encode_request(example());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW(decode_request(std::span(bytes).first(size)), TransportError) << size;
}

TEST(WorkRequestTest, ChangedBytesThrowOrDecodeButNeverCrash) {
    const Bytes bytes = encode_request(example());
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < 5000; ++i) {
        Bytes changed = bytes;
        changed[stream.below(changed.size())] = static_cast<std::byte>(stream.below(256));
        try {
            decode_request(changed);
        } catch (const TransportError&) {
        }
    }
}

TEST(ContentTest, ComesBackAsItWasSent) {
    const Bytes bytes =
        encode_content({7, std::make_shared<const Bytes>(Bytes{std::byte{1}, std::byte{2}})});
    const Content content = decode_content(bytes);
    EXPECT_EQ(content.id, 7);
    EXPECT_EQ(*content.bytes, (Bytes{std::byte{1}, std::byte{2}}));
    EXPECT_THROW(decode_content(std::span(bytes).first(7)), TransportError);
}

TEST(ItemResultTest, ComesBackAsItWasSent) {
    const Bytes bytes = encode_result({TaskId(3), 1, Bytes(5, std::byte{4})});
    const ItemResult result = decode_result(bytes);
    EXPECT_EQ(result.task, TaskId(3));
    EXPECT_EQ(result.part, 1);
    EXPECT_EQ(result.bytes, Bytes(5, std::byte{4}));
    EXPECT_THROW(decode_result(std::span(bytes).first(11)), TransportError);
}

TEST(WorkReportTest, ComesBackAsItWasSent) {
    WorkReport report;
    report.request = 3;
    report.kind = PacketKind::Evaluation;
    report.counts.tokens = 1234567890123;
    report.counts.done_flop = 1e12;
    const Bytes bytes = encode_report(report);
    EXPECT_EQ(encode_report(decode_report(bytes)), bytes);
    EXPECT_THROW(decode_report(std::span(bytes).first(bytes.size() - 1)), TransportError);
    const Bytes end = encode_worker_report({1.5, 0.5, 1 << 30, 2});
    EXPECT_EQ(encode_worker_report(decode_worker_report(end)), end);
}

}  // namespace
}  // namespace mobi::test
