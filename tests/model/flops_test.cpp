// SPDX-License-Identifier: Apache-2.0
#include "model/flops.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "device/compute_model.hpp"
#include "kernels/linear.hpp"
#include "model/forward_benchmark.hpp"
#include "model/model_support.hpp"

namespace mobi {
namespace {

ModelSize base() {
    ModelSize size;
    size.layers = 12;
    size.width = 768;
    size.ffn = 3072;
    size.heads = size.kv_heads = 12;
    size.head_dim = 64;
    return size;
}

PackedBatch of_lengths(const std::vector<std::int32_t>& lengths) {
    PackedBatch batch;
    batch.offsets.push_back(0);
    for (const std::int32_t length : lengths)
        batch.offsets.push_back(batch.offsets.back() + length);
    return batch;
}

TEST(FlopsTest, AgreesWithTheTableOfTheMethods) {
    EXPECT_NEAR(done_forward_flop(base(), of_lengths({64})) / 1e9, 11.02, 0.005);
    EXPECT_NEAR(done_forward_flop(base(), of_lengths({128})) / 1e9, 22.35, 0.005);
    EXPECT_NEAR(done_forward_flop(base(), of_lengths({512})) / 1e9, 96.64, 0.005);
}

TEST(FlopsTest, AddsUpOverSequences) {
    EXPECT_DOUBLE_EQ(
        done_forward_flop(base(), of_lengths({3, 7})),
        done_forward_flop(base(), of_lengths({3})) + done_forward_flop(base(), of_lengths({7})));
    EXPECT_EQ(done_forward_flop(base(), of_lengths({})), 0);
}

TEST(FlopsTest, OneRowOfTheLastBlockSavesMostOfIt) {
    const double d = 768;
    const double n = 10;
    const double all = done_forward_flop(base(), of_lengths({10}), Pivot::Mean);
    const double one = done_forward_flop(base(), of_lengths({10}), Pivot::First);
    EXPECT_DOUBLE_EQ(all - one, (n - 1) * (18 * d * d + 4 * n * d));
    EXPECT_DOUBLE_EQ(done_forward_flop(base(), of_lengths({1}), Pivot::Last),
                     done_forward_flop(base(), of_lengths({1}), Pivot::Mean));
}

TEST(FlopsTest, ThePeakIsMeasured) {
    test::use_one_thread();
    ModelSize size = base();
    size.width = 64;
    size.ffn = 256;
    EXPECT_GT(measure_gemm_peak(size, Precision::Fp32, 64), 1e6);
    EXPECT_GT(measure_gemm_peak(size, Precision::Bf16, 64), 1e6);
}

/// A batch counted product by product: 2 rows in out each, attention 4 n for each query's channel.
double naive_flop(const ModelSize& size, const std::vector<std::int32_t>& lengths, Pivot pivot) {
    const double d = size.width;
    const double heads = double{1} * size.heads * size.head_dim;
    const double kv = double{1} * size.kv_heads * size.head_dim;
    double flop = 0;
    for (const double n : lengths)
        for (std::int32_t layer = 0; layer < size.layers; ++layer) {
            const bool last = layer + 1 == size.layers;
            const double rows = last && pivot != Pivot::Mean ? 1 : n;
            flop += 2 * n * d * (heads + kv + kv);           // query, key, value
            flop += rows * (2 * n * heads + 2 * n * heads);  // scores, weighted values
            flop += 2 * rows * heads * d;
            for (int matrix = 0; matrix < (size.gated_mlp ? 3 : 2); ++matrix)
                flop += 2 * rows * d * size.ffn;
        }
    return flop;
}

TEST(FlopsTest, CountsEveryProductOfRandomModels) {
    RandomStream random(1, Purpose::Test);
    const auto draw = [&](std::uint64_t most) {
        return 1 + static_cast<std::int32_t>(random.below(most));
    };
    for (int round = 0; round < 200; ++round) {
        ModelSize size;
        size.layers = draw(5);
        size.width = draw(100);
        size.ffn = draw(300);
        size.kv_heads = draw(4);
        size.heads = size.kv_heads * draw(4);
        size.head_dim = draw(70);
        size.gated_mlp = random.below(2) == 0;
        std::vector<std::int32_t> lengths;
        for (auto count = random.below(5); count > 0; --count) lengths.push_back(draw(60));
        for (const Pivot pivot : {Pivot::First, Pivot::Last, Pivot::Mean})
            EXPECT_DOUBLE_EQ(done_forward_flop(size, of_lengths(lengths), pivot),
                             naive_flop(size, lengths, pivot));
    }
}

TEST(FlopsTest, WhatADeviceIsChargedIsDoneWhereAllRowsAre) {
    const ModelSize size = base();
    for (const std::int32_t n : {1, 17, 512})
        EXPECT_DOUBLE_EQ(done_forward_flop(size, of_lengths({n}), Pivot::Mean),
                         forward_flop(size, n));
}

TEST(FlopsTest, MisuseIsABug) {
    EXPECT_THROW(done_forward_flop(base(), of_lengths({3}), Pivot::Auto), Bug);
    EXPECT_THROW(measure_gemm_peak(base(), Precision::Fp16, 8), Bug);
    EXPECT_THROW(measure_packed_peak(base(), Precision::Int8, 8), Bug);
}

TEST(ForwardReportTest, ItIsOneJsonObjectOfWhatWasMeasured) {
    BackboneInfo info;
    info.family = "bert";
    info.size.parameters = 5'000'000'000;
    const std::vector<ForwardSpeed> speeds{{64, 60.5, 1e3, 2e9, 4e9, 5e9, 0.5, 0.4},
                                           {128, 120, 2e3, 3e9, 4e9, 5e9, 0.75, 0.6}};
    const auto report = nlohmann::json::parse(forward_report_json("a \"folder\"", info, 3, speeds));
    EXPECT_EQ(report.at("folder"), "a \"folder\"");
    EXPECT_EQ(report.at("family"), "bert");
    EXPECT_EQ(report.at("parameters"), 5'000'000'000);
    EXPECT_EQ(report.at("threads"), 3);
    EXPECT_EQ(report.at("products"), products_by());
    ASSERT_EQ(report.at("batches").size(), 2U);
    EXPECT_EQ(report["batches"][0].at("mean_tokens"), 60.5);
    EXPECT_EQ(report["batches"][1].at("batch_tokens"), 128);
    EXPECT_EQ(report["batches"][1].at("share_of_packed"), 0.6);
    EXPECT_EQ(nlohmann::json::parse(forward_report_json("", info, 1, {})).at("batches").size(), 0U);
}

}  // namespace
}  // namespace mobi
