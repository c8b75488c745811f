// SPDX-License-Identifier: Apache-2.0
// The family of docs/add-a-backbone.md, made of the page's own code blocks, against transformers.
#include <gtest/gtest.h>

#include "architecture/distilbert.hpp"
#include "architecture/family.hpp"
#include "core/error.hpp"
#include "model/model_support.hpp"
#include "model/reference_check.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

TEST(AddABackbonePageTest, TheFamilyOfThePageComputesWhatTransformersDoes) {
    use_one_thread();
    const auto folder = source_path("tests/golden/page/distilbert");
    BackboneParameters parameters;
    parameters.path = folder.string();
    parameters.weight_dtype = Precision::Fp32;
    const auto backbone = load_backbone(parameters, Precision::Fp32, "");
    EXPECT_EQ(backbone->info().family, "distilbert");
    EXPECT_EQ(backbone->info().pivot, Pivot::First);
    int compared = 0;
    for (const TensorError& error :
         check_reference(*backbone, folder / "reference.safetensors", folder)) {
        EXPECT_TRUE(error.compared) << error.name << ": " << error.note;
        EXPECT_LT(error.relative, 1e-5) << error.name;
        ++compared;
    }
    EXPECT_EQ(compared, 3);
}

TEST(AddABackbonePageTest, DefaultsAreThoseOfTransformers) {
    const auto config = read_distilbert(ConfigFile::parse("{}", "config.json"), 0);
    EXPECT_EQ(config.layers, 6);
    EXPECT_EQ(config.width, 768);
    EXPECT_EQ(config.ffn, 3072);
    EXPECT_EQ(config.vocabulary, 30522);
    EXPECT_EQ(config.max_tokens, 512);
    EXPECT_THROW(read_distilbert(ConfigFile::parse("{\"activation\": \"mish\"}", "config.json"), 0),
                 DataError);
}

TEST(AddABackbonePageTest, TheOtherFamiliesAreStillThere) {
    EXPECT_EQ(families().size(), 8U);
    EXPECT_EQ(family_of(ConfigFile::parse("{\"model_type\": \"gpt2\"}", "c")).model_type, "gpt2");
}

}  // namespace
}  // namespace mobi::test
