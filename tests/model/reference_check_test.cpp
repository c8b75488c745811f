// SPDX-License-Identifier: Apache-2.0
#include "model/reference_check.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "model/model_support.hpp"
#include "support/shared_data.hpp"

namespace mobi {
namespace {

double worst_error(const Backbone& backbone,
                   const std::filesystem::path& reference,
                   const std::filesystem::path& folder) {
    double worst = 0;
    for (const TensorError& error : check_reference(backbone, reference, folder)) {
        EXPECT_TRUE(error.compared) << error.name << ": " << error.note;
        std::printf("%-16s %.2e\n", error.name.c_str(), error.relative);
        worst = std::max(worst, error.relative);
    }
    return worst;
}

std::unique_ptr<Backbone> load(const std::filesystem::path& folder,
                               Precision arithmetic,
                               int layers = 0) {
    test::use_one_thread();
    BackboneParameters parameters;
    parameters.path = folder.string();
    parameters.weight_dtype = Precision::Fp32;
    parameters.layers = layers;
    return load_backbone(parameters, arithmetic, "");
}

TEST(ReferenceCheckTest, BertAgreesWithTransformers) {
    MOBI_NEEDS_SHARED("vectors/bert");
    const auto folder = test::shared_path("vectors/bert");
    const auto backbone = load(folder, Precision::Fp32);
    EXPECT_LT(worst_error(*backbone, folder / "reference.safetensors", folder), 1e-5);
}

TEST(ReferenceCheckTest, BertAgreesWithTheOldSpellingOfItsConfiguration) {
    MOBI_NEEDS_SHARED("vectors/bert");
    const auto folder = test::shared_path("vectors/bert");
    const test::TempFolder copy;
    std::filesystem::copy_file(folder / "config_old.json", copy.path() / "config.json");
    std::filesystem::create_symlink(std::filesystem::absolute(folder / "model.safetensors"),
                                    copy.path() / "model.safetensors");
    const auto backbone = load(copy.path(), Precision::Fp32);
    EXPECT_LT(worst_error(*backbone, folder / "reference.safetensors", copy.path()), 1e-5);
}

TEST(ReferenceCheckTest, BertInBf16IsAsFarOffAsTransformersInBf16) {
    MOBI_NEEDS_SHARED("vectors/bert");
    const auto folder = test::shared_path("vectors/bert");
    const auto backbone = load(folder, Precision::Bf16);
    // the reference data says 1 to 3 % after the blocks, twice that allowed
    EXPECT_LT(worst_error(*backbone, folder / "reference.safetensors", folder), 0.06);
}

TEST(ReferenceCheckTest, ABackboneThatWasCutIsComparedAsFarAsItGoes) {
    MOBI_NEEDS_SHARED("vectors/bert");
    const auto folder = test::shared_path("vectors/bert");
    const auto backbone = load(folder, Precision::Fp32, 2);
    int compared = 0;
    for (const TensorError& error :
         check_reference(*backbone, folder / "reference.safetensors", folder)) {
        if (!error.compared) continue;
        ++compared;
        EXPECT_LT(error.relative, 1e-5) << error.name;
    }
    EXPECT_EQ(compared, 3);  // hidden.0, hidden.1, hidden.2
}

}  // namespace
}  // namespace mobi
