// SPDX-License-Identifier: Apache-2.0
#include "model/flops.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mobi
