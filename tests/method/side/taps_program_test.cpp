// SPDX-License-Identifier: Apache-2.0
#include "method/side/taps_program.hpp"

#include <algorithm>
#include <numeric>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "model/backbone.hpp"
#include "model/residual_head.hpp"
#include "wire/codec.hpp"

namespace mobi::test {
namespace {

TEST(CutIntoBatchesTest, KeepsEverySampleOnceSortedAndBelowTheLimit) {
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::size_t> lengths(1 + stream.below(60));
        for (auto& length : lengths) length = 1 + stream.below(40);
        const std::size_t limit = 30 + stream.below(200);
        std::vector<std::size_t> seen;
        std::size_t longest = 0;
        for (const auto& batch : cut_into_batches(lengths, limit)) {
            std::size_t tokens = 0;
            for (const std::size_t index : batch) {
                EXPECT_GE(lengths[index], longest);
                longest = lengths[index];
                tokens += lengths[index];
                seen.push_back(index);
            }
            EXPECT_TRUE(tokens <= limit || batch.size() == 1);
        }
        std::sort(seen.begin(), seen.end());
        std::vector<std::size_t> all(lengths.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        EXPECT_EQ(seen, all);
    }
}

/// A backbone whose tap of layer l is l times the sum of the sequence's ids, in every channel.
class SumBackbone : public Backbone {
  public:
    SumBackbone() : Backbone(make_info()) {}
    static BackboneInfo make_info() {
        BackboneInfo info;
        info.size.layers = 2;
        info.size.width = 4;
        info.size.heads = 1;
        info.size.kv_heads = 1;
        info.size.head_dim = 4;
        info.size.ffn = 8;
        return info;
    }
    Taps forward(const PackedBatch& batch,
                 std::span<const std::int32_t> layers,
                 Pivot /*pivot*/) const override {
        const auto b = static_cast<std::int64_t>(batch.sequences());
        Taps taps;
        taps.taps = at::zeros({static_cast<std::int64_t>(layers.size()), b, 4});
        taps.output = at::zeros({b, 4});
        for (std::size_t i = 0; i < batch.sequences(); ++i) {
            float sum = 0;
            for (auto t = batch.offsets[i]; t < batch.offsets[i + 1]; ++t)
                sum += static_cast<float>(batch.ids[static_cast<std::size_t>(t)]);
            for (std::size_t l = 0; l < layers.size(); ++l)
                taps.taps.select(0, static_cast<std::int64_t>(l))
                    .select(0, static_cast<std::int64_t>(i))
                    .fill_(sum * static_cast<float>(layers[l]));
        }
        return taps;
    }
    std::vector<at::Tensor> hidden_states(const PackedBatch& /*batch*/) const override {
        return {};
    }
    at::Tensor final_state(const at::Tensor& states) const override { return states; }
};

TEST(TapsProgramTest, EverySampleComesBackInItsOwnPacket) {
    Workshop workshop;
    workshop.classes = 3;
    workshop.batch_tokens = 5;  // several batches, none of them a packet
    workshop.tap_layers = {1, 2};
    workshop.layout = {Precision::Fp32, 2, 4, 3, true};
    Work work;
    std::int32_t id = 0;
    for (std::int32_t device = 0; device < 3; ++device) {
        WorkItem item;
        item.device = device;
        for (std::int32_t i = 0; i <= device; ++i, ++id)
            item.samples.push_back(
                {id,
                 id % 3,
                 0,
                 std::vector<std::int32_t>(static_cast<std::size_t>(5 - id % 4), id + 1),
                 {}});
        work.items.push_back(item);
    }
    const SumBackbone backbone;
    ResidualParameters zero;
    zero.output = ResidualOutput::Zero;
    const auto head = make_random_head(zero, 4, 3, "sum", 1);
    std::vector<Packet> packets;
    workshop.backbone = &backbone;
    workshop.head = head.get();
    Emit emit;
    emit.packet = [&](const Bytes& bytes) {
        packets.push_back(decode_packet(bytes, workshop.layout));
    };
    EXPECT_EQ(TapsProgram().run(work, workshop, emit).samples, 6);
    ASSERT_EQ(packets.size(), 3U);
    id = 0;
    for (std::size_t p = 0; p < packets.size(); ++p) {
        const std::size_t count = work.items[p].samples.size();
        std::vector<float> taps(2 * count * 4);
        decode_vectors(Precision::Fp32, packets[p].taps, {}, 4, taps);
        for (std::size_t i = 0; i < count; ++i, ++id) {
            const auto sum = static_cast<float>((id + 1) * (5 - id % 4));
            EXPECT_EQ(packets[p].samples[i], id);
            EXPECT_EQ(packets[p].labels[i], id % 3);
            EXPECT_EQ(taps[i * 4], sum);
            EXPECT_EQ(taps[(count + i) * 4 + 3], 2 * sum);
            for (std::size_t c = 0; c < 3; ++c)  // o = 0, so the residual is minus the label
                EXPECT_EQ(packets[p].residual[i * 3 + c],
                          static_cast<std::int32_t>(c) == id % 3 ? -1.0F : 0.0F);
        }
    }
}

}  // namespace
}  // namespace mobi::test
