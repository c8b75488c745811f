// SPDX-License-Identifier: Apache-2.0
#include "model/residual_head.hpp"

#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "model/folder_heads.hpp"
#include "model/model_support.hpp"
#include "support/shared_data.hpp"

namespace mobi {
namespace {

BackboneParameters golden(const char* name) {
    BackboneParameters parameters;
    parameters.path = (test::source_path("tests/golden/backbone") / name).string();
    parameters.weight_dtype = Precision::Fp32;
    return parameters;
}

ResidualParameters with_head(ResidualHeadKind kind, ResidualOutput output) {
    ResidualParameters parameters;
    parameters.head = kind;
    parameters.output = output;
    return parameters;
}

std::string message_of(const ResidualParameters& parameters,
                       const char* folder,
                       std::int32_t classes,
                       const std::vector<std::int32_t>& words) {
    try {
        make_folder_head(parameters, ModelFolder(golden(folder)), classes, words, 1);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "no error";
}

TEST(ResidualHeadTest, TheVerbalizerIsTheLanguageModelAtTheClassesWords) {
    test::use_one_thread();
    for (const char* name : {"gpt2", "opt", "llama", "qwen2"}) {
        const ModelFolder folder(golden(name));
        const FolderHeads heads(folder, folder.open_weights());
        const at::Tensor states = at::randn({4, folder.info().size.width});
        const std::vector<std::int32_t> words{7, 3, 12};
        const auto head =
            make_folder_head(with_head(ResidualHeadKind::LmVerbalizer, ResidualOutput::Softmax),
                             folder, 3, words, 1);
        const at::Tensor logits = heads.language_model_logits(states).value();
        const at::Tensor expected = at::softmax(
            at::stack({logits.select(1, 7), logits.select(1, 3), logits.select(1, 12)}, 1), 1);
        EXPECT_TRUE(at::allclose(head->output(states), expected, 1e-4, 1e-6)) << name;
    }
}

TEST(ResidualHeadTest, TheFoldersClassifierGivesItsLogits) {
    test::use_one_thread();
    const ModelFolder folder(golden("roberta"));
    const FolderHeads heads(folder, folder.open_weights());
    const auto classifier = heads.classifier();
    ASSERT_TRUE(classifier.has_value());
    const auto classes = static_cast<std::int32_t>(classifier->classes());
    const auto head = make_folder_head(with_head(ResidualHeadKind::Folder, ResidualOutput::Logits),
                                       folder, classes, {}, 1);
    const at::Tensor states = at::randn({3, folder.info().size.width});
    EXPECT_TRUE(at::equal(head->output(states), classifier->logits(states)));
    EXPECT_NE(message_of(with_head(ResidualHeadKind::Folder, ResidualOutput::Softmax), "roberta",
                         classes + 1, {})
                  .find("classes, the task"),
              std::string::npos);
}

TEST(ResidualHeadTest, AFolderWithoutTheHeadIsRefused) {
    EXPECT_NE(
        message_of(with_head(ResidualHeadKind::Folder, ResidualOutput::Softmax), "mpnet", 3, {})
            .find("holds no classifier"),
        std::string::npos);
    EXPECT_NE(message_of(with_head(ResidualHeadKind::LmVerbalizer, ResidualOutput::Softmax),
                         "mpnet", 2, {1, 2})
                  .find("holds no language model head"),
              std::string::npos);
}

TEST(ResidualHeadTest, ARandomHeadIsAFunctionOfSeedAndName) {
    const ResidualParameters random =
        with_head(ResidualHeadKind::FrozenRandom, ResidualOutput::Softmax);
    const at::Tensor states = at::randn({5, 16});
    const auto output = [&](const char* name, std::uint64_t seed) {
        return make_random_head(random, 16, 4, name, seed)->output(states);
    };
    EXPECT_TRUE(at::equal(output("a", 1), output("a", 1)));
    EXPECT_FALSE(at::equal(output("a", 1), output("b", 1)));
    EXPECT_FALSE(at::equal(output("a", 1), output("a", 2)));
    EXPECT_TRUE(at::allclose(output("a", 1).sum(1), at::ones({5})));
}

TEST(ResidualHeadTest, ARandomHeadIsUniformWithinOneOverTheRootOfTheWidth) {
    const ResidualParameters logits =
        with_head(ResidualHeadKind::FrozenRandom, ResidualOutput::Logits);
    constexpr std::int32_t kWidth = 400;
    // the weight itself: what comes out for the rows of the identity
    const at::Tensor weight =
        make_random_head(logits, kWidth, 300, "a", 1)->output(at::eye(kWidth)).to(at::kDouble);
    ASSERT_EQ(weight.sizes(), (std::vector<std::int64_t>{kWidth, 300}));
    EXPECT_LE(weight.abs().max().item<double>(), 1 / 20.0);
    EXPECT_GT(weight.abs().max().item<double>(), 0.999 / 20);
    // of 120,000 draws with deviation 1 / (20 sqrt 3)
    EXPECT_NEAR(weight.mean().item<double>(), 0, 5 / (20 * 1.732 * 346));
    EXPECT_NEAR(weight.std().item<double>(), 1 / (20 * 1.732), 1e-3 / 20);
}

TEST(ResidualHeadTest, WhatComesOutFollowsTheParameters) {
    const at::Tensor states = at::randn({5, 16});
    const auto output = [&](ResidualHeadKind kind, ResidualOutput what, std::int32_t classes) {
        return make_random_head(with_head(kind, what), 16, classes, "a", 1)->output(states);
    };
    using Kind = ResidualHeadKind;
    using Output = ResidualOutput;
    const at::Tensor logits = output(Kind::FrozenRandom, Output::Logits, 4);
    EXPECT_TRUE(at::equal(output(Kind::FrozenRandom, Output::Softmax, 4), at::softmax(logits, 1)));
    EXPECT_TRUE(at::equal(output(Kind::FrozenRandom, Output::Zero, 4), at::zeros({5, 4})));
    EXPECT_TRUE(at::equal(output(Kind::None, Output::Softmax, 4), at::zeros({5, 4})));
    // a softmax of one number would be 1, whatever the number
    EXPECT_TRUE(at::equal(output(Kind::FrozenRandom, Output::Softmax, 1),
                          output(Kind::FrozenRandom, Output::Logits, 1)));
    EXPECT_FALSE(at::equal(output(Kind::FrozenRandom, Output::Softmax, 1), at::ones({5, 1})));
}

}  // namespace
}  // namespace mobi
