// SPDX-License-Identifier: Apache-2.0
#include "server/log_source.hpp"

#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "server/journal.hpp"
#include "server/small_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

/// Taps and residual of one sample, as numbers.
struct Seen {
    std::vector<std::vector<float>> taps;
    std::vector<float> residual;

    friend bool operator==(const Seen&, const Seen&) = default;
};

/// By sample.
std::map<std::int32_t, Seen> seen_in(const Packet& packet, const PacketLayout& layout) {
    const auto width = static_cast<std::size_t>(layout.width);
    const auto taps = static_cast<std::size_t>(layout.taps);
    const std::size_t count = packet.samples.size();
    std::vector<float> values(taps * count * width);
    decode_vectors(layout.dtype, packet.taps, packet.scales, width, values);
    std::map<std::int32_t, Seen> seen;
    for (std::size_t i = 0; i < count; ++i) {
        Seen& one = seen[packet.samples[i]];
        for (std::size_t tap = 0; tap < taps; ++tap) {
            const auto first =
                values.begin() + static_cast<std::ptrdiff_t>((tap * count + i) * width);
            one.taps.emplace_back(first, first + static_cast<std::ptrdiff_t>(width));
        }
        const auto first = packet.residual.begin() + static_cast<std::ptrdiff_t>(i * kClasses);
        one.residual.assign(first, first + kClasses);
    }
    return seen;
}

class LogSourceTest : public ::testing::TestWithParam<Precision> {
  protected:
    /// Logs packets in the order given.
    void log(const std::vector<Delivery>& logged, std::int32_t test_samples = 0) {
        run.emplace(small_layout(plan, test_samples));
        run->writer().submit(sample_rows(plan, small_truth(std::ssize(plan.samples))));
        Journal journal(run->writer(), true, true);
        if (evaluation) journal.test_taps(*evaluation);
        for (std::size_t i = 0; i < logged.size(); ++i) {
            const Packet packet = small_packet(plan, logged[i]);
            const PacketLayout& layout =
                plan.backbones[static_cast<std::size_t>(packet.backbone)].layout;
            seen.merge(seen_in(packet, layout));
            const Payload payload = packet;
            journal.arrived(logged[i], static_cast<std::int64_t>(i), &payload);
        }
        reader.emplace(run->read());
    }
    static Truth small_truth(std::ptrdiff_t count) {
        return test::small_truth(static_cast<std::int32_t>(count));
    }

    FleetPlan plan = small_plan(GetParam());
    std::shared_ptr<EvaluationData> evaluation;
    std::map<std::int32_t, Seen> seen;  // as it was logged
    std::optional<SmallRun> run;
    std::optional<record::RunReader> reader;
};

TEST_P(LogSourceTest, ThePacketsThatWereLoggedComeBack) {
    const std::vector<Delivery> deliveries = small_deliveries(plan);
    log(deliveries);
    LogSource source(*reader, plan, deliveries);
    for (std::size_t i = 0; i < deliveries.size(); ++i)
        EXPECT_EQ(std::get<Packet>(source.take(static_cast<std::int64_t>(i))),
                  small_packet(plan, deliveries[i]));
    EXPECT_TRUE(source.evaluation() == nullptr);
}

TEST_P(LogSourceTest, PacketsMayBeCutAndOrderedOtherwiseThanInTheLog) {
    log(small_deliveries(plan, 1));
    for (const std::int32_t packet_samples : {1, 3, 5}) {
        plan.packet_samples = packet_samples;
        const std::vector<Delivery> deliveries = small_deliveries(plan, 9);
        LogSource source(*reader, plan, deliveries);
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            const Packet packet = std::get<Packet>(source.take(static_cast<std::int64_t>(i)));
            const PacketLayout& layout =
                plan.backbones[static_cast<std::size_t>(packet.backbone)].layout;
            EXPECT_EQ(packet.device, deliveries[i].device);
            EXPECT_EQ(packet.packet, deliveries[i].packet);
            EXPECT_EQ(packet.samples, deliveries[i].samples);
            EXPECT_NO_THROW(encode_packet(packet, layout));
            for (const auto& [sample, one] : seen_in(packet, layout))
                EXPECT_EQ(one, seen.at(sample)) << "sample " << sample;
            for (std::size_t j = 0; j < packet.samples.size(); ++j)
                EXPECT_EQ(packet.labels[j], packet.samples[j] % kClasses);
        }
    }
}

TEST_P(LogSourceTest, LabelsAreThereWhereThePacketsCarryThem) {
    const std::vector<Delivery> deliveries = small_deliveries(plan);
    log(deliveries);
    for (BackbonePlan& backbone : plan.backbones) backbone.layout.labels = false;
    LogSource source(*reader, plan, deliveries);
    EXPECT_TRUE(std::get<Packet>(source.take(0)).labels.empty());
}

TEST_P(LogSourceTest, ASampleThatWasNotLoggedIsNamed) {
    std::vector<Delivery> deliveries = small_deliveries(plan);
    const std::vector<Delivery> logged(deliveries.begin(), deliveries.end() - 1);
    log(logged);
    try {
        LogSource source(*reader, plan, deliveries);
        ADD_FAILURE() << "accepted";
    } catch (const DataError& error) {
        EXPECT_TRUE(contains(error.what(), "no activations of sample " +
                                               std::to_string(deliveries.back().samples.front())));
    }
    EXPECT_NO_THROW(LogSource(*reader, plan, logged));
}

TEST_P(LogSourceTest, TheTestSetIsThatOfTheLog) {
    constexpr std::int32_t kTest = 7;
    evaluation = std::make_shared<EvaluationData>();
    evaluation->truth = small_truth(kTest);
    evaluation->backbones.resize(2);
    for (std::size_t k = 0; k < 2; ++k) {
        const PacketLayout& layout = plan.backbones[k].layout;
        evaluation->backbones[k].width = layout.width;
        evaluation->backbones[k].taps =
            random_values(static_cast<std::size_t>(layout.taps * kTest * layout.width), 3 + k, 1);
        evaluation->backbones[k].output = random_values(kTest * kClasses, 3 + k, 2);
    }
    const std::vector<Delivery> deliveries = small_deliveries(plan);
    log(deliveries, kTest);
    {
        LogSource source(*reader, plan, deliveries);
        const auto found = source.evaluation();
        ASSERT_TRUE(found != nullptr);
        EXPECT_EQ(found->truth.labels, evaluation->truth.labels);
        EXPECT_EQ(found->truth.classes, kClasses);
        for (std::size_t k = 0; k < 2; ++k) {
            EXPECT_EQ(found->backbones[k].width, evaluation->backbones[k].width);
            EXPECT_EQ(found->backbones[k].taps, evaluation->backbones[k].taps);
            EXPECT_EQ(found->backbones[k].output, evaluation->backbones[k].output);
        }
    }
    plan.backbones[1].devices = 0;  // nobody carries it
    std::vector<Delivery> others = deliveries;
    std::erase_if(others, [](const Delivery& one) { return one.backbone == 1; });
    LogSource source(*reader, plan, others);
    EXPECT_TRUE(source.evaluation()->backbones[0].is_there());
    EXPECT_FALSE(source.evaluation()->backbones[1].is_there());
}

INSTANTIATE_TEST_SUITE_P(Precisions,
                         LogSourceTest,
                         ::testing::Values(Precision::Fp32,
                                           Precision::Fp16,
                                           Precision::Bf16,
                                           Precision::Int8,
                                           Precision::Int4));

}  // namespace
}  // namespace mobi::test
