// SPDX-License-Identifier: Apache-2.0
#include "messages/forward_request.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

ForwardRequest example() {
    ForwardRequest request;
    request.request = 7;
    request.backbone = 2;
    request.packets.push_back(
        {3, 0, {{10, 1, 0.5F, {101, 7, 102}, {}}, {11, 0, 0, {101, 102}, {0, 1}}}});
    request.packets.push_back({4, 1, {}});
    return request;
}

TEST(ForwardRequestTest, ComesBackAsItWasSent) {
    const Bytes bytes = encode_request(example());
    const ForwardRequest request = decode_request(bytes);
    EXPECT_EQ(encode_request(request), bytes);
    EXPECT_EQ(request.packets[0].samples[0].ids, (std::vector<std::int32_t>{101, 7, 102}));
    EXPECT_EQ(request.packets[0].samples[1].type_ids, (std::vector<std::int32_t>{0, 1}));
    EXPECT_EQ(request.packets[0].samples[0].target, 0.5F);
    EXPECT_EQ(request.packets[1].device, 4);
}

TEST(ForwardRequestTest, EveryTruncationIsRefused) {
    const Bytes bytes = encode_request(example());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW(decode_request(std::span(bytes).first(size)), TransportError) << size;
}

TEST(ForwardRequestTest, ChangedBytesThrowOrDecodeButNeverCrash) {
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

TEST(RequestReportTest, ComesBackAsItWasSent) {
    RequestReport report;
    report.request = 3;
    report.kind = PacketKind::Evaluation;
    report.tokens = 1234567890123;
    report.done_flop = 1e12;
    const Bytes bytes = encode_report(report);
    EXPECT_EQ(encode_report(decode_report(bytes)), bytes);
    EXPECT_THROW(decode_report(std::span(bytes).first(bytes.size() - 1)), TransportError);
    const Bytes end = encode_worker_report({1.5, 0.5, 1 << 30, 2});
    EXPECT_EQ(encode_worker_report(decode_worker_report(end)), end);
}

}  // namespace
}  // namespace mobi::test
