// SPDX-License-Identifier: Apache-2.0
#include "device/memory_model.hpp"

#include <gtest/gtest.h>

#include "device/sizes.hpp"

namespace mobi::test {
namespace {

TEST(MemoryModelTest, WeightsAreParametersTimesTheirWidth) {
    // docs/method.md 1.10: 85.05 M · 4 bytes = 0.340 GB without the embedding
    EXPECT_EQ(weight_bytes(roberta_base(), Precision::Fp32, false), 4.0 * 85'054'464);
    EXPECT_EQ(weight_bytes(roberta_base(), Precision::Fp16, true), 2.0 * 124'055'040);
    EXPECT_EQ(weight_bytes(roberta_base(), Precision::Int4, true), 0.5 * 124'055'040);
}

TEST(MemoryModelTest, AddsTheWorkingSetOfOneLayer) {
    // b n (2d + max(f, 3d)) = 8·128·(1536 + 3072) = 4,718,592; b H n² = 8·12·16384 = 1,572,864
    EXPECT_EQ(inference_memory_bytes(roberta_base(), Precision::Fp16, true, 8, 128, 2),
              248'110'080.0 + 2 * (4'718'592 + 1'572'864));
    // f below 3d: the joined q, k, v are the widest
    ModelSize thin = roberta_base();
    thin.ffn = 1024;
    EXPECT_EQ(inference_memory_bytes(thin, Precision::Fp16, true, 1, 1, 4),
              248'110'080.0 + 4 * (2 * 768 + 3 * 768 + 12));
}

}  // namespace
}  // namespace mobi::test
