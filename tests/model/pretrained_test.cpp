// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "architecture/model_folder.hpp"
#include "model/model_support.hpp"
#include "model/reference_check.hpp"
#include "support/reference_cases.hpp"

namespace mobi {
namespace {

class PretrainedTest : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        test::use_one_thread();
        reference_ = test::shared_path(GetParam());
        folder_ = test::source_path("data/cache/backbones") / reference_.stem();
        if (!std::filesystem::exists(folder_ / "model.safetensors"))
            GTEST_SKIP() << folder_ << " is not there: data/fetch_backbones.sh fetches it";
        MOBI_NEEDS_SHARED(GetParam());
    }

    double worst_error(Precision arithmetic, Precision weights, int layers = 0) const {
        BackboneParameters parameters;
        parameters.path = folder_.string();
        parameters.weight_dtype = weights;
        parameters.layers = layers;
        const auto backbone = load_backbone(parameters, arithmetic, "");
        double worst = 0;
        for (const TensorError& error : check_reference(*backbone, reference_, folder_)) {
            EXPECT_TRUE(error.compared) << error.name << ": " << error.note;
            worst = std::max(worst, error.relative);
        }
        std::printf("%s: largest error %.2e\n", reference_.stem().c_str(), worst);
        return worst;
    }

    std::filesystem::path folder_;
    std::filesystem::path reference_;
};

TEST_P(PretrainedTest, EveryLayerAgreesWithTransformers) {
    EXPECT_LT(worst_error(Precision::Fp32, Precision::Fp32), 1e-5);
}

TEST_P(PretrainedTest, TheFirstThreeBlocksAloneAgreeToo) {
    EXPECT_LT(worst_error(Precision::Fp32, Precision::Fp32, 3), 1e-5);
}

TEST_P(PretrainedTest, Bf16ArithmeticCostsAFewPercent) {
    EXPECT_LT(worst_error(Precision::Bf16, Precision::Fp32), 0.06);
}

TEST_P(PretrainedTest, TheFolderAsksForTheMeanOfItsTokens) {
    BackboneParameters parameters;
    parameters.path = folder_.string();
    EXPECT_EQ(inspect_backbone(parameters).pivot, Pivot::Mean);
}

INSTANTIATE_TEST_SUITE_P(
    Backbones,
    PretrainedTest,
    ::testing::ValuesIn(test::reference_files("vectors/pretrained",
                                              [](const std::filesystem::path& path) {
                                                  return path.extension() == ".safetensors";
                                              })),
    [](const auto& test) { return test::case_name(test); });

}  // namespace
}  // namespace mobi
