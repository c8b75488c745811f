// SPDX-License-Identifier: Apache-2.0
#include "crew/forward_requests.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include <gtest/gtest.h>

#include "server/small_run.hpp"

namespace mobi::test {
namespace {

/// What the class's page says, device by device: the deliveries of every group, in the order of
/// their first arrival.
std::vector<std::vector<std::int64_t>> naive_groups(const FleetPlan& plan,
                                                    const std::vector<Delivery>& deliveries,
                                                    std::size_t group_devices) {
    std::vector<std::vector<std::int64_t>> groups;
    for (std::int32_t k = 0; k < static_cast<std::int32_t>(plan.backbones.size()); ++k) {
        std::vector<std::int32_t> carriers;
        for (const DevicePlan& device : plan.devices)
            if (device.backbone == k && device.admitted) carriers.push_back(device.id);
        for (std::size_t first = 0; first < carriers.size(); first += group_devices) {
            std::vector<std::int64_t> group;
            for (std::size_t i = 0; i < deliveries.size(); ++i)
                for (std::size_t j = first; j < std::min(first + group_devices, carriers.size());
                     ++j)
                    if (deliveries[i].device == carriers[j])
                        group.push_back(static_cast<std::int64_t>(i));
            if (!group.empty()) groups.push_back(group);
        }
    }
    std::sort(groups.begin(), groups.end());  // each begins with its first arrival
    return groups;
}

TEST(ForwardRequestsTest, GroupsAreConsecutiveDevicesOfABackboneInOrderOfTheirFirstArrival) {
    FleetPlan plan = small_plan();
    const TokenTable tokens = small_tokens(plan);
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        RandomStream random(seed, Purpose::Test);
        for (const std::size_t device : {2UL, 4UL})
            plan.devices[device].admitted = random.below(3) > 0;
        std::vector<Delivery> deliveries = small_deliveries(plan, seed);
        std::erase_if(deliveries, [&](const Delivery&) { return random.uniform() < 0.4; });
        const auto group_devices = static_cast<std::int32_t>(1 + random.below(4));
        const ForwardRequests requests(plan, deliveries, tokens, false, group_devices);
        std::vector<std::vector<std::int64_t>> groups;
        std::int64_t samples = 0;
        for (const ForwardRequests::Entry& entry : requests.entries()) {
            EXPECT_EQ(entry.kind, PacketKind::Upload);
            double bytes = 0;
            for (const std::int64_t index : entry.deliveries) {
                const Delivery& delivery = deliveries[static_cast<std::size_t>(index)];
                EXPECT_EQ(delivery.backbone, entry.backbone);
                bytes += static_cast<double>(encoded(plan, small_packet(plan, delivery)).size());
                samples += static_cast<std::int64_t>(delivery.samples.size());
            }
            EXPECT_EQ(entry.bytes, bytes);
            EXPECT_TRUE(std::is_sorted(
                entry.deliveries.begin(), entry.deliveries.end(),
                [&](std::int64_t a, std::int64_t b) {
                    const Delivery& one = deliveries[static_cast<std::size_t>(a)];
                    const Delivery& other = deliveries[static_cast<std::size_t>(b)];
                    return std::tie(one.device, one.packet) < std::tie(other.device, other.packet);
                }));
            groups.push_back(entry.deliveries);
            std::sort(groups.back().begin(), groups.back().end());
            EXPECT_EQ(entry.first, groups.back().front());
        }
        EXPECT_EQ(groups, naive_groups(plan, deliveries, static_cast<std::size_t>(group_devices)))
            << "seed " << seed;
        EXPECT_EQ(requests.samples(), samples);
        if (HasFailure()) return;
    }
}

TEST(ForwardRequestsTest, WhoSharesABatchDoesNotDependOnWhoArrivesWhen) {
    const FleetPlan plan = small_plan();
    const TokenTable tokens = small_tokens(plan);
    std::set<std::set<std::set<std::pair<std::int32_t, std::int32_t>>>> ways;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const std::vector<Delivery> deliveries = small_deliveries(plan, seed);
        const ForwardRequests requests(plan, deliveries, tokens, false, 2);
        std::set<std::set<std::pair<std::int32_t, std::int32_t>>> groups;
        for (std::size_t i = 0; i < requests.entries().size(); ++i) {
            std::set<std::pair<std::int32_t, std::int32_t>> group;
            for (const WorkItem& item : requests.build(i).work.items)
                group.emplace(item.device, item.part);
            groups.insert(group);
        }
        ways.insert(groups);
    }
    EXPECT_EQ(ways.size(), 1U);
}

TEST(ForwardRequestsTest, TheTestSetComesFirstInParts) {
    const FleetPlan plan = small_plan();
    const std::vector<Delivery> deliveries = small_deliveries(plan);
    const TokenTable tokens = small_tokens(plan, {600, 256});
    const ForwardRequests requests(plan, deliveries, tokens, true, 2);
    std::vector<std::tuple<std::int32_t, std::int64_t, std::size_t>> parts;
    std::size_t number = 0;
    for (; requests.entries()[number].kind == PacketKind::Evaluation; ++number) {
        const WorkRequest request = requests.build(number);
        EXPECT_EQ(request.request, static_cast<std::int32_t>(number));
        EXPECT_EQ(request.work.kind, PacketKind::Evaluation);
        EXPECT_EQ(request.work.backbone, requests.entries()[number].backbone);
        ASSERT_EQ(request.work.items.size(), 1U);
        const WorkItem& item = request.work.items[0];
        EXPECT_EQ(item.device, -1);
        for (std::size_t i = 0; i < item.samples.size(); ++i)
            EXPECT_EQ(item.samples[i].id,
                      item.part * ForwardRequests::kEvaluationPart + static_cast<std::int64_t>(i));
        parts.emplace_back(request.work.backbone, item.part, item.samples.size());
    }
    EXPECT_EQ(parts, (std::vector<std::tuple<std::int32_t, std::int64_t, std::size_t>>{
                         {0, 0, 256}, {0, 1, 256}, {0, 2, 88}, {1, 0, 256}}));
    for (; number < requests.entries().size(); ++number)
        EXPECT_EQ(requests.entries()[number].kind, PacketKind::Upload);
    std::int64_t uploaded = 0;
    for (const Delivery& one : deliveries) uploaded += std::ssize(one.samples);
    EXPECT_EQ(requests.samples(), 856 + uploaded);
}

TEST(ForwardRequestsTest, WithoutEvaluationTheTestSetIsNotComputed) {
    const FleetPlan plan = small_plan();
    const TokenTable tokens = small_tokens(plan, {10, 10});
    const ForwardRequests requests(plan, {}, tokens, false, 2);
    EXPECT_TRUE(requests.entries().empty());
    EXPECT_EQ(requests.samples(), 0);
}

TEST(ForwardRequestsTest, ABackboneThatNobodyCarriesIsNotTested) {
    const FleetPlan plan = small_plan();
    const TokenTable tokens = small_tokens(plan, {0, 3});
    const ForwardRequests requests(plan, {}, tokens, true, 2);
    ASSERT_EQ(requests.entries().size(), 1U);
    EXPECT_EQ(requests.entries()[0].backbone, 1);
}

TEST(ForwardRequestsTest, ARequestHasTheTokensOfItsPackets) {
    const FleetPlan plan = small_plan();
    const std::vector<Delivery> deliveries = small_deliveries(plan);
    const TokenTable tokens = small_tokens(plan);
    const ForwardRequests requests(plan, deliveries, tokens, false, 3);
    for (std::size_t number = 0; number < requests.entries().size(); ++number) {
        const ForwardRequests::Entry& entry = requests.entries()[number];
        const WorkRequest request = requests.build(number);
        EXPECT_EQ(request.request, static_cast<std::int32_t>(number));
        EXPECT_EQ(request.release, Release::AtOnce);
        EXPECT_EQ(request.work.backbone, entry.backbone);
        ASSERT_EQ(request.work.items.size(), entry.deliveries.size());
        for (std::size_t i = 0; i < entry.deliveries.size(); ++i) {
            const Delivery& delivery = deliveries[static_cast<std::size_t>(entry.deliveries[i])];
            const WorkItem& item = request.work.items[i];
            EXPECT_EQ(item.device, delivery.device);
            EXPECT_EQ(item.part, delivery.packet);
            ASSERT_EQ(item.samples.size(), delivery.samples.size());
            for (std::size_t j = 0; j < item.samples.size(); ++j) {
                const auto id = static_cast<std::size_t>(delivery.samples[j]);
                EXPECT_EQ(item.samples[j].id, delivery.samples[j]);
                EXPECT_EQ(item.samples[j].ids, tokens.train[id].ids);
                EXPECT_EQ(item.samples[j].label, tokens.train[id].label);
            }
        }
    }
}

TEST(ForwardRequestsTest, APacketIsFoundByDeviceAndNumber) {
    const FleetPlan plan = small_plan();
    std::vector<Delivery> deliveries = small_deliveries(plan);
    // the second packet of device 0 never arrives, the third does; nothing of device 3 does
    std::erase_if(deliveries, [](const Delivery& one) {
        return one.device == 3 || (one.device == 0 && one.packet == 1);
    });
    const TokenTable tokens = small_tokens(plan);
    const ForwardRequests requests(plan, deliveries, tokens, false, 2);
    for (std::size_t i = 0; i < deliveries.size(); ++i)
        EXPECT_EQ(requests.delivery_of(deliveries[i].device, deliveries[i].packet),
                  static_cast<std::int64_t>(i));
    EXPECT_EQ(requests.delivery_of(0, 1), -1);
    EXPECT_EQ(requests.delivery_of(0, 3), -1);
    EXPECT_EQ(requests.delivery_of(3, 0), -1);
    EXPECT_EQ(requests.delivery_of(6, 0), -1);
    EXPECT_EQ(requests.delivery_of(-1, 0), -1);
    EXPECT_EQ(requests.delivery_of(0, -1), -1);
}

}  // namespace
}  // namespace mobi::test
