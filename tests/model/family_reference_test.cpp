// SPDX-License-Identifier: Apache-2.0
// Every family against transformers: the folders below MOBI_SHARED/vectors that hold a model and
// its activations, both spellings of config.json, padding on either side.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "model/model_support.hpp"
#include "model/reference_check.hpp"
#include "support/reference_cases.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

class FamilyReferenceTest : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        MOBI_NEEDS_SHARED(GetParam());
        test::use_one_thread();
        folder_ = test::shared_path(GetParam());
    }

    /// Checks the case with one of its two configurations.
    std::vector<TensorError> check(const char* config, Precision arithmetic) const {
        const test::TempFolder copy;
        for (const auto& entry : fs::directory_iterator(folder_))
            if (entry.path().filename().string().starts_with("model"))
                fs::create_symlink(fs::absolute(entry.path()),
                                   copy.path() / entry.path().filename());
        fs::copy_file(folder_ / config, copy.path() / "config.json");
        BackboneParameters parameters;
        parameters.path = copy.path().string();
        parameters.weight_dtype = Precision::Fp32;
        const auto backbone = load_backbone(parameters, arithmetic, "");
        return check_reference(*backbone, folder_ / "reference.safetensors", copy.path());
    }

    fs::path folder_;
};

TEST_P(FamilyReferenceTest, EveryTensorAgreesInFp32) {
    for (const char* config : {"config.json", "config_old.json"}) {
        if (!fs::exists(folder_ / config))
            continue;  // config_old.json: another spelling, if there is one
        int compared = 0;
        for (const TensorError& error : check(config, Precision::Fp32)) {
            if (error.name.starts_with("bf16.")) continue;
            EXPECT_TRUE(error.compared) << error.name << ": " << error.note;
            EXPECT_LT(error.relative, 1e-5) << error.name << " with " << config;
            ++compared;
        }
        EXPECT_GE(compared, 1);
    }
}

TEST_P(FamilyReferenceTest, Bf16IsWithinTwiceTransformersOwnError) {
    const test::Json facts = test::read_case(GetParam());
    if (!facts.contains("bf16_error")) GTEST_SKIP() << "no bfloat16 error is known for this case";
    int compared = 0;
    for (const TensorError& error : check("config.json", Precision::Bf16)) {
        if (!facts["bf16_error"].contains(error.name)) continue;
        EXPECT_LT(error.relative, 2 * facts["bf16_error"][error.name].get<double>()) << error.name;
        ++compared;
    }
    EXPECT_EQ(compared, static_cast<int>(facts["bf16_error"].size()));
}

INSTANTIATE_TEST_SUITE_P(Vectors,
                         FamilyReferenceTest,
                         ::testing::ValuesIn(test::reference_cases([](const test::Json& facts) {
                             return facts.contains("model_type") && facts.contains("weight_files");
                         })),
                         [](const auto& test) { return test::case_name(test); });

}  // namespace
}  // namespace mobi
