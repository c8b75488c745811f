// SPDX-License-Identifier: Apache-2.0
#include "messages/bundle.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "messages/message_samples.hpp"

namespace mobi::test {
namespace {

std::vector<Bytes> unbundle(std::span<const std::byte> bytes) {
    std::vector<Bytes> packets;
    for_each_packet(bytes, [&](std::span<const std::byte> packet) {
        packets.emplace_back(packet.begin(), packet.end());
    });
    return packets;
}

TEST(BundleTest, PacketsComeBackInTheirOrder) {
    const std::vector<Bytes> packets{Bytes(3, std::byte{1}), Bytes(), Bytes(1000, std::byte{2})};
    Bundle bundle;
    EXPECT_TRUE(bundle.empty());
    for (const Bytes& packet : packets) bundle.add(packet);
    EXPECT_FALSE(bundle.full());
    EXPECT_EQ(unbundle(bundle.take()), packets);
    EXPECT_TRUE(bundle.empty());
    bundle.add(packets[0]);
    EXPECT_EQ(unbundle(bundle.take()), std::vector<Bytes>{packets[0]});
}

TEST(BundleTest, IsFullAtItsSize) {
    Bundle bundle;
    while (!bundle.full()) bundle.add(Bytes(Bundle::kAlone));
    const Bytes bytes = bundle.take();
    EXPECT_GE(bytes.size(), Bundle::kBytes);
    EXPECT_LT(bytes.size(), Bundle::kBytes + Bundle::kAlone + 8);
}

TEST(BundleTest, SmallPacketsFitWhatIsReserved) {
    Bundle bundle;
    bundle.add({});
    RandomStream stream(1, Purpose::Test);
    std::size_t expected = 4;
    while (!bundle.full()) {
        const auto size = static_cast<std::size_t>(stream.below(Bundle::kAlone / 4));
        bundle.add(Bytes(size));
        expected += 4 + size;
    }
    const Bytes bytes = bundle.take();
    EXPECT_EQ(bytes.size(), expected);  // of each packet its length and its bytes
    EXPECT_EQ(bytes.capacity(), Bundle::kBytes + Bundle::kAlone);
}

TEST(BundleTest, NothingIsABundleWithoutPackets) {
    EXPECT_TRUE(Bundle().take().empty());
    EXPECT_TRUE(unbundle({}).empty());
}

/// Cut at a packet's end it is a shorter bundle; anywhere else it is none, and the packets in front
/// of the cut have been given out.
TEST(BundleTest, ATruncatedOneIsRefusedBehindItsLastWholePacket) {
    RandomStream stream(2, Purpose::Test);
    std::vector<Bytes> packets;
    std::vector<std::size_t> ends{0};
    Bundle bundle;
    for (std::size_t size : {std::size_t{10}, std::size_t{0}, std::size_t{20}, std::size_t{1}}) {
        packets.emplace_back(size, static_cast<std::byte>(stream.below(256)));
        bundle.add(packets.back());
        ends.push_back(ends.back() + 4 + size);
    }
    const Bytes bytes = bundle.take();
    ASSERT_EQ(bytes.size(), ends.back());
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        std::size_t whole = 0;
        while (whole + 1 < ends.size() && ends[whole + 1] <= size) ++whole;
        std::vector<Bytes> got;
        const std::string why = refusal(std::span(bytes).first(size), [&](auto part) {
            for_each_packet(part, [&](std::span<const std::byte> packet) {
                got.emplace_back(packet.begin(), packet.end());
            });
        });
        EXPECT_EQ(got, std::vector<Bytes>(packets.begin(),
                                          packets.begin() + static_cast<std::ptrdiff_t>(whole)))
            << size;
        if (size == ends[whole])
            EXPECT_EQ(why, "") << size;
        else
            EXPECT_TRUE(why.starts_with("bundle: cut short")) << size << ": " << why;
    }
}

TEST(BundleTest, ARandomOneComesBack) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        MessageSamples samples(seed);
        std::vector<Bytes> packets(samples.count(20));
        Bundle bundle;
        for (Bytes& packet : packets) {
            packet = samples.bytes(300);
            bundle.add(packet);
        }
        EXPECT_EQ(unbundle(bundle.take()), packets);
    }
}

}  // namespace
}  // namespace mobi::test
