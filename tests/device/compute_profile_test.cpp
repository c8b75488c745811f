// SPDX-License-Identifier: Apache-2.0
#include "device/compute_profile.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "device/compute_model.hpp"
#include "device/sizes.hpp"

namespace mobi::test {
namespace {

std::string refusal(const std::string& text, const std::string& device = "d") {
    try {
        ComputeProfile::parse(text, "t", device);
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(ComputeProfileTest, APointHasItsFiguresInSi) {
    const auto profile = ComputeProfile::parse(
        "# a board\nprecision,flop [GFLOP],launches,batch,weights [MB],time [ms],source\n"
        "fp16,2,30,4,5,100,ours\n",
        "t", "d");
    const auto& points = profile.points(Precision::Fp16);
    ASSERT_EQ(points.size(), 1u);
    EXPECT_DOUBLE_EQ(points[0].flop, 8e9);
    EXPECT_EQ(points[0].launches, 30);
    EXPECT_DOUBLE_EQ(points[0].weight_bytes, 5e6);
    EXPECT_DOUBLE_EQ(points[0].time_s, 0.1);
    EXPECT_EQ(points[0].source, "ours");
    ASSERT_NE(profile.law(Precision::Fp16), nullptr);
    EXPECT_DOUBLE_EQ(profile.law(Precision::Fp16)->law.flop_per_s, 8e10);
    EXPECT_EQ(profile.law(Precision::Fp32), nullptr);
    EXPECT_EQ(profile.name(), "t");
}

TEST(ComputeProfileTest, AShapeStandsForFlopsAndLaunches) {
    const auto profile = ComputeProfile::parse(
        "precision,layers,width,ffn,heads,tokens,time [s],source\nint8,12,768,3072,12,128,1,x\n",
        "t", "d");
    const auto& points = profile.points(Precision::Int8);
    ASSERT_EQ(points.size(), 1u);
    EXPECT_DOUBLE_EQ(points[0].flop, forward_flop(roberta_base(), 128));
    EXPECT_DOUBLE_EQ(points[0].launches, forward_launches(roberta_base()));
}

TEST(ComputeProfileTest, PointsBelongToAPrecisionAndADevice) {
    const std::string text =
        "device,precision,flop [GFLOP],time [ms],source\n"
        "a|b,fp16,1,10,x\nb,fp16,1,20,x\na,fp32,1,30,x\n";
    const auto a = ComputeProfile::parse(text, "t", "a");
    EXPECT_EQ(a.points(Precision::Fp16).size(), 1u);
    EXPECT_EQ(a.points(Precision::Fp32).size(), 1u);
    const auto b = ComputeProfile::parse(text, "t", "b");
    EXPECT_EQ(b.points(Precision::Fp16).size(), 2u);
    EXPECT_EQ(b.law(Precision::Fp32), nullptr);
    EXPECT_EQ(refusal(text, "c"), "t: no point of 'c'; accepted: a line a measured pass");
}

TEST(ComputeProfileTest, RefusalsNameLineAndColumn) {
    const auto line = [](const std::string& cells) {
        return refusal("precision,flop [GFLOP],time [ms],source\n" + cells + "\n");
    };
    EXPECT_EQ(line("fp16,1,1,x"), "accepted");
    EXPECT_EQ(line("fp8,1,1,x"), "t:2: precision = 'fp8': accepted: fp32, fp16, bf16, int8, int4");
    EXPECT_EQ(line("fp16,0,1,x"), "t:2: flop [GFLOP] = '0': accepted: a number from 1 to 1e+24");
    EXPECT_TRUE(line("fp16,1,0,x").starts_with("t:2: time [ms] = '0': accepted: a number from"));
    EXPECT_TRUE(line("fp16,1,nan,x").starts_with("t:2: time [ms] = 'nan'"));
    EXPECT_TRUE(line("fp16,x,1,x").starts_with("t:2: flop [GFLOP] = 'x'"));
    EXPECT_EQ(line("fp16,1,1"), "t:2: 3 fields; accepted: 4, as in the header");
    EXPECT_EQ(line("fp16,1,1,"), "t:2: source is empty; accepted: where the figure is from");
    EXPECT_EQ(line("# none"), "t: no point of 'd'; accepted: a line a measured pass");
    EXPECT_TRUE(refusal("precision,flops [GFLOP],time [ms],source\n")
                    .starts_with("t:1: column 'flops [GFLOP]': accepted: precision, device"));
    EXPECT_TRUE(refusal("precision,flop,time [ms],source\n")
                    .starts_with("t:1: column 'flop': accepted: flop [unit], with one of FLOP"));
    EXPECT_TRUE(refusal("precision,flop [ms],time [ms],source\n")
                    .starts_with("t:1: column 'flop [ms]': accepted units: FLOP"));
    EXPECT_EQ(refusal("precision,flop [GFLOP],source\n"),
              "t: no column 'time'; accepted: one is needed");
    EXPECT_EQ(refusal("flop [GFLOP],time [ms],source\n"),
              "t: no column 'precision'; accepted: one is needed");
    EXPECT_EQ(refusal("precision,flop [GFLOP],time [ms]\n"),
              "t: no column 'source'; accepted: one is needed");
    EXPECT_EQ(refusal(""), "t: no column 'precision'; accepted: one is needed");
}

TEST(ComputeProfileTest, WorkIsStatedInOneWay) {
    const std::string one_way =
        "t: accepted: a column flop [GFLOP], or all of layers, width, ffn, heads, tokens, not both";
    EXPECT_EQ(refusal("precision,time [ms],source\n"), one_way);
    EXPECT_EQ(refusal("precision,flop [GFLOP],tokens,time [ms],source\n"), one_way);
    EXPECT_EQ(refusal("precision,layers,width,heads,tokens,time [ms],source\n"), one_way);
    EXPECT_EQ(refusal("precision,layers,width,ffn,heads,tokens,launches,time [ms],source\n"),
              "t: column 'launches': accepted beside flop; a shape has its own");
    const std::string shape = "precision,layers,width,ffn,heads,tokens,time [ms],source\n";
    EXPECT_EQ(refusal(shape + "fp16,2,10,40,3,7,1,x\n"),
              "t:2: heads = 3: accepted: what divides the width");
    EXPECT_EQ(refusal(shape + "fp16,1.5,10,40,2,7,1,x\n"),
              "t:2: layers = '1.5': accepted: a whole number");
}

TEST(ComputeProfileTest, APassIsNotFasterThanReadingItsWeights) {
    const auto profile = ComputeProfile::parse(
        "precision,flop [GFLOP],weights [MB],time [ms],source\nfp16,1,100,10,a table\n", "t", "d");
    EXPECT_NO_THROW(profile.check_bandwidth(10e9, "d"));
    EXPECT_NO_THROW(profile.check_bandwidth(std::numeric_limits<double>::quiet_NaN(), "d"));
    try {
        profile.check_bandwidth(9e9, "d");
        FAIL();
    } catch (const DataError& error) {
        EXPECT_EQ(std::string(error.what()),
                  "t: a table: 10 ms is less than reading 100 MB of weights takes at "
                  "device.d.memory_bandwidth = 9 GB/s: one of the two figures is wrong");
    }
}

TEST(ComputeProfileTest, AMissingFileSaysWhatItShouldBe) {
    EXPECT_THROW(ComputeProfile::read("/no/such/file.csv", "d"), DataError);
}

}  // namespace
}  // namespace mobi::test
