// SPDX-License-Identifier: Apache-2.0
#include "messages/bundle.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

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

TEST(BundleTest, ATruncatedOneIsRefused) {
    Bundle bundle;
    bundle.add(Bytes(10, std::byte{7}));
    bundle.add(Bytes(20, std::byte{8}));
    const Bytes bytes = bundle.take();
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        if (size == 14) continue;  // the first packet alone
        EXPECT_THROW(unbundle(std::span(bytes).first(size)), TransportError) << size;
    }
}

}  // namespace
}  // namespace mobi::test
