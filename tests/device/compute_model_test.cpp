// SPDX-License-Identifier: Apache-2.0
#include "device/compute_model.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "device/compute_profile.hpp"
#include "device/sizes.hpp"

namespace mobi::test {
namespace {

using std::chrono::nanoseconds;

// The table of docs/method.md 1.8, GFLOP a sample, to its two digits.
TEST(ForwardFlopTest, GivesTheTableOfTheMethods) {
    struct Row {
        ModelSize size;
        double gflop[4];  // n = 64, 128, 256, 512
    };
    const Row rows[] = {{roberta_base(), {11.02, 22.35, 45.90, 96.64}},
                        {large(), {39.06, 78.92, 161.06, 335.01}},
                        {opt_1_3b(), {155.42, 312.46, 631.36, 1288.49}}};
    for (const Row& row : rows)
        for (int i = 0; i < 4; ++i)
            EXPECT_EQ(std::round(forward_flop(row.size, 64 << i) / 1e7),
                      std::round(row.gflop[i] * 100))
                << row.size.width << " wide, n = " << (64 << i);
}

TEST(ForwardFlopTest, IsExactInWholeNumbers) {
    // N (24 n d² + 4 n² d) for f = 4d and ungrouped heads
    const long long n = 54, d = 768;
    EXPECT_EQ(forward_flop(roberta_base(), 54),
              12.0 * static_cast<double>(24 * n * d * d + 4 * n * n * d));
}

// docs/method.md 1.10: 30 samples at n = 512 are 2.899 TFLOP, 28 are 2.706.
TEST(ForwardFlopTest, GivesThePaperLikeDevice) {
    EXPECT_NEAR(30 * forward_flop(roberta_base(), 512), 2.899e12, 0.0005e12);
    EXPECT_NEAR(28 * forward_flop(roberta_base(), 512), 2.706e12, 0.0005e12);
}

TEST(ForwardFlopTest, GroupedHeadsAndGatedMlpsCostWhatTheirMatricesHave) {
    // Llama-3.2-1B: q, o 2048 x 2048; k, v 2048 x 512; three matrices 2048 x 8192; one token
    const ModelSize llama{16, 2048, 8192, 32, 8, 64, true, 0, 0};
    const double weights = 2.0 * 2048 * 2048 + 2.0 * 2048 * 512 + 3.0 * 2048 * 8192;
    EXPECT_EQ(forward_flop(llama, 1), 16 * (2 * weights + 4 * 2048));
}

DeviceProfile device() {
    DeviceProfile profile;
    profile.name = "test";
    profile.rate_fp16_flop_per_s = 0.45e12;
    profile.memory_bandwidth_bytes_per_s = 59.7e9;
    return profile;
}

TEST(RateTest, FallsBackAlongTheChain) {
    DeviceProfile profile;
    EXPECT_FALSE(rate_flop_per_s(profile, Precision::Int4));
    profile.rate_fp32_flop_per_s = 1;
    for (const auto p :
         {Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4})
        EXPECT_EQ(rate_flop_per_s(profile, p), 1);
    profile.rate_fp16_flop_per_s = 2;
    EXPECT_EQ(rate_flop_per_s(profile, Precision::Fp32), 1);
    for (const auto p : {Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4})
        EXPECT_EQ(rate_flop_per_s(profile, p), 2);
    profile.rate_int8_flop_per_s = 3;
    EXPECT_EQ(rate_flop_per_s(profile, Precision::Int8), 3);
    EXPECT_EQ(rate_flop_per_s(profile, Precision::Int4), 3);
    profile.rate_int4_flop_per_s = 4;
    EXPECT_EQ(rate_flop_per_s(profile, Precision::Int4), 4);
    profile.rate_bf16_flop_per_s = 5;
    EXPECT_EQ(rate_flop_per_s(profile, Precision::Bf16), 5);
    EXPECT_EQ(rate_flop_per_s(profile, Precision::Fp16), 2);
}

TEST(RateTest, DoesNotFallUpwards) {
    DeviceProfile profile;
    profile.rate_fp16_flop_per_s = 2;
    EXPECT_FALSE(rate_flop_per_s(profile, Precision::Fp32));
}

TEST(ComputeTimeTest, IsFlopOverRate) {
    // 9e9 FLOP at 0.45e12 FLOP/s = 1/50 s
    EXPECT_EQ(compute_time(device(), {9e9, 0, 0, Precision::Fp16}), nanoseconds(20'000'000));
    // 1e6 / 0.45e12 s = 2222.2 ns
    EXPECT_EQ(compute_time(device(), {1e6, 0, 0, Precision::Fp16}), nanoseconds(2222));
}

TEST(ComputeTimeTest, IsBoundByMemoryWhenThatTakesLonger) {
    // (500,000,000 + 97,000,000) / 59.7e9 s = 1/100 s, against 9e8 / 0.45e12 s = 1/500 s
    EXPECT_EQ(compute_time(device(), {9e8, 500e6, 97e6, Precision::Fp16}), nanoseconds(10'000'000));
}

TEST(ComputeTimeTest, HeatStretchesWorkButNotStartUp) {
    DeviceProfile hot = device();
    hot.t0_s = 0.003;
    hot.thermal_stretch = 1.5;
    EXPECT_EQ(compute_time(hot, {9e9, 0, 0, Precision::Fp16}), nanoseconds(3'000'000 + 30'000'000));
}

TEST(ComputeTimeTest, AnUnknownFigureIsAnErrorAndNotAFreePacket) {
    EXPECT_THROW(compute_time(device(), {1, 0, 0, Precision::Fp32}), ConfigError);
    DeviceProfile profile = device();
    profile.memory_bandwidth_bytes_per_s = kUnknown;
    EXPECT_THROW(compute_time(profile, {1, 0, 0, Precision::Fp16}), ConfigError);
    profile = device();
    profile.rate_fp16_flop_per_s = 0;
    EXPECT_THROW(compute_time(profile, {1, 0, 0, Precision::Fp16}), ConfigError);
}

DeviceProfile measured(const std::string& lines) {
    DeviceProfile profile;
    profile.name = "test";
    profile.memory_bandwidth_bytes_per_s = 59.7e9;
    profile.measured = std::make_shared<const ComputeProfile>(ComputeProfile::parse(
        "precision,flop [GFLOP],launches,time [ms],source\n" + lines, "t", "test"));
    return profile;
}

// 0.1 ms a launch, 500 GFLOP/s
constexpr const char* kPoints = "fp32,1,100,12,x\nfp32,2,100,14,x\nfp32,4,100,18,x\n";

TEST(ComputeTimeTest, MeasuredPointsGiveLaunchesAndARate) {
    const DeviceProfile profile = measured(kPoints);
    ComputeWork work;
    work.weights = Precision::Fp32;
    work.flop = 5e9;
    work.launches = 50;
    EXPECT_EQ(compute_time(profile, work), nanoseconds(15'000'000));
    work.samples = 8;  // in one pass: what they cost is in the FLOPs
    EXPECT_EQ(compute_time(profile, work), nanoseconds(15'000'000));
    EXPECT_NEAR(*rate_flop_per_s(profile, Precision::Fp32), 500e9, 1);
}

TEST(ComputeTimeTest, APointExtrapolatesByItsRate) {
    const DeviceProfile profile = measured("fp32,1,100,10,x\n");
    ComputeWork work;
    work.weights = Precision::Fp32;
    work.flop = 1e12;
    work.launches = 7;
    EXPECT_EQ(compute_time(profile, work), std::chrono::seconds(10));
}

TEST(ComputeTimeTest, ALawIsStretchedAndItsStartUpIsNot) {
    // start-up of 10 ms, 1 TFLOP/s
    DeviceProfile profile =
        measured("fp32,1,0,11,x\nfp32,2,0,12,x\nfp32,5,0,15,x\nfp32,9,0,19,x\n");
    profile.thermal_stretch = 3;
    ComputeWork work;
    work.weights = Precision::Fp32;
    work.flop = 4e9;
    EXPECT_EQ(compute_time(profile, work), nanoseconds(22'000'000));
}

TEST(ComputeTimeTest, AMeasuredPrecisionStandsForOthersAsARateDoes) {
    DeviceProfile profile = measured(kPoints);
    ComputeWork work;
    work.flop = 5e9;
    work.launches = 50;
    work.weights = Precision::Fp16;
    EXPECT_EQ(compute_time(profile, work), nanoseconds(15'000'000));
    profile.rate_fp16_flop_per_s = 1e12;  // its own comes first
    EXPECT_EQ(compute_time(profile, work), nanoseconds(5'000'000));
    EXPECT_EQ(fit_of(profile, Precision::Fp16), nullptr);
    EXPECT_FALSE(law_of(profile, Precision::Int4));
    EXPECT_TRUE(law_of(profile, Precision::Fp32));
}

// Monotone in batch and length, and never faster than reading the weights.
TEST(ComputeTimeTest, ALawGrowsWithBatchAndLengthAboveTheMemoryBound) {
    const DeviceProfile profile = measured(kPoints);
    const ModelSize size = roberta_base();
    double before_batch = 0;
    for (const int batch : {1, 2, 8, 64}) {
        double before = 0;
        for (const double tokens : {1.0, 16.0, 128.0, 512.0}) {
            ComputeWork work;
            work.weights = Precision::Fp32;
            work.flop = batch * forward_flop(size, tokens);
            work.launches = forward_launches(size);
            work.weight_bytes = 3e9;
            work.tap_bytes = 100.0 * batch;
            const double seconds =
                std::chrono::duration<double>(compute_time(profile, work)).count();
            EXPECT_GE(seconds, before);
            EXPECT_GE(seconds, 3e9 / 59.7e9);
            before = seconds;
        }
        EXPECT_GT(before, before_batch);
        before_batch = before;
    }
}

TEST(ForwardLaunchesTest, CountsKernelsOfLayers) {
    EXPECT_EQ(forward_launches(roberta_base()), 12 * 17);
    ModelSize gated = roberta_base();
    gated.gated_mlp = true;
    EXPECT_EQ(forward_launches(gated), 12 * 19);
}

}  // namespace
}  // namespace mobi::test
