// SPDX-License-Identifier: Apache-2.0
#include "messages/pace_plan.hpp"

#include <tuple>

#include <gtest/gtest.h>

#include "messages/message_samples.hpp"

namespace mobi::test {
namespace {

auto all_of(const PacketTimes& times) {
    return std::tie(times.compute_start, times.compute_end, times.send_start, times.send_end,
                    times.arrival);
}

TEST(PacePlanTest, EveryFieldComesBackAsItWasSent) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        const PacePlan sent = MessageSamples(seed).pace_plan();
        const Bytes bytes = encode_pace_plan(sent);
        const PacePlan got = decode_pace_plan(bytes);
        EXPECT_EQ(got.start_wall_s, sent.start_wall_s);
        EXPECT_EQ(got.time_scale, sent.time_scale);
        EXPECT_TRUE(got.from == sent.from);
        ASSERT_EQ(got.uploads.size(), sent.uploads.size());
        for (std::size_t i = 0; i < got.uploads.size(); ++i) {
            EXPECT_EQ(got.uploads[i].device, sent.uploads[i].device);
            EXPECT_EQ(got.uploads[i].packet, sent.uploads[i].packet);
            EXPECT_TRUE(all_of(got.uploads[i].times) == all_of(sent.uploads[i].times));
        }
        ASSERT_EQ(got.cut.size(), sent.cut.size());
        for (std::size_t i = 0; i < got.cut.size(); ++i) {
            EXPECT_EQ(got.cut[i].device, sent.cut[i].device);
            EXPECT_EQ(got.cut[i].packet, sent.cut[i].packet);
            EXPECT_TRUE(got.cut[i].start == sent.cut[i].start);
            EXPECT_TRUE(got.cut[i].end == sent.cut[i].end);
            EXPECT_EQ(got.cut[i].sent_bytes, sent.cut[i].sent_bytes);
        }
        EXPECT_EQ(encode_pace_plan(got), bytes);
    }
}

TEST(PacePlanTest, NothingElseIsRead) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const Bytes bytes = encode_pace_plan(MessageSamples(seed).pace_plan());
        expect_no_other_length(bytes, "pace plan", decode_pace_plan);
        expect_nothing_else_is_read(bytes, seed, encode_pace_plan, decode_pace_plan);
    }
}

TEST(SegmentTest, EveryFieldComesBackAsItWasSent) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        const Segment sent = MessageSamples(seed).segment();
        const Segment got = decode_segment(encode_segment(sent));
        EXPECT_EQ(got.device, sent.device);
        EXPECT_EQ(got.packet, sent.packet);
        EXPECT_EQ(got.attempt, sent.attempt);
        EXPECT_EQ(got.last, sent.last);
        EXPECT_TRUE(all_of(got.times) == all_of(sent.times));
        EXPECT_EQ(got.overrun.count(), sent.overrun.count());
        EXPECT_EQ(got.bytes, sent.bytes);
    }
}

TEST(SegmentTest, ItsBytesStayWhereTheyAre) {
    Segment segment = MessageSamples(1).segment();
    segment.bytes = Bytes(1000, std::byte{7});
    segment.bytes.reserve(1000 + kSegmentTrailer);
    const std::byte* const at = segment.bytes.data();
    Bytes message = encode_segment(std::move(segment));
    EXPECT_EQ(message.size(), 1000 + kSegmentTrailer);
    EXPECT_EQ(message.data(), at);
    EXPECT_EQ(decode_segment(std::move(message)).bytes.data(), at);
}

TEST(SegmentTest, LessThanATrailerIsRefused) {
    Segment empty = MessageSamples(1).segment();
    empty.bytes.clear();
    const Bytes bytes = encode_segment(empty);
    ASSERT_EQ(bytes.size(), kSegmentTrailer);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW(decode_segment(Bytes(size)), TransportError) << size;
}

TEST(SegmentTest, NothingElseIsRead) {
    for (std::uint64_t seed = 0; seed < 30; ++seed)
        expect_nothing_else_is_read(encode_segment(MessageSamples(seed).segment()), seed,
                                    encode_segment, decode_segment);
}

TEST(PaceReportTest, EveryFieldComesBackAndNothingElseIsRead) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const PaceReport sent = MessageSamples(seed).pace_report();
        const Bytes bytes = encode_pace_report(sent);
        const PaceReport got = decode_pace_report(bytes);
        EXPECT_EQ(got.wall_s, sent.wall_s);
        EXPECT_EQ(got.cpu_s, sent.cpu_s);
        EXPECT_EQ(got.wire_bytes, sent.wire_bytes);
        EXPECT_EQ(got.overruns, sent.overruns);
        EXPECT_EQ(got.worst_overrun_s, sent.worst_overrun_s);
        expect_no_other_length(bytes, "pace report", decode_pace_report);
    }
}

}  // namespace
}  // namespace mobi::test
