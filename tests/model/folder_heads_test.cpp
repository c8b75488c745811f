// SPDX-License-Identifier: Apache-2.0
#include "model/folder_heads.hpp"

#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "model/folder_copy.hpp"
#include "model/generation.hpp"
#include "support/contains.hpp"

namespace mobi {
namespace {

using Ids = std::vector<std::int32_t>;
using Copy = test::FolderCopy;

/// A folder's heads and the folder, which they refer to.
struct Opened {
    explicit Opened(const Copy& copy)
        : folder(copy.parameters()), heads(folder, folder.open_weights()) {}
    ModelFolder folder;
    FolderHeads heads;
};

at::Tensor random_states(const ModelFolder& folder, std::int64_t rows) {
    at::manual_seed(1);
    return at::randn({rows, folder.info().size.width});
}

/// W x + b in double.
at::Tensor naive_linear(const at::Tensor& x,
                        const at::Tensor& weight,
                        const at::Tensor& bias = {}) {
    const at::Tensor product = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
    return bias.defined() ? product + bias.to(at::kDouble) : product;
}

bool close(const at::Tensor& x, const at::Tensor& exact) {
    return at::allclose(x.to(at::kDouble), exact, 1e-5, 1e-5);
}

TEST(FolderHeadsTest, TheClassifierHasATanhInFront) {
    test::use_one_thread();
    const Copy copy("roberta");
    const Opened opened(copy);
    const at::Tensor x = random_states(opened.folder, 5);
    const auto classifier = opened.heads.classifier();
    ASSERT_TRUE(classifier.has_value());
    const auto tensor = [&](const char* name) { return copy.tensor(test::kWeights, name); };
    const at::Tensor features = at::tanh(
        naive_linear(x, tensor("classifier.dense.weight"), tensor("classifier.dense.bias")));
    EXPECT_TRUE(
        close(classifier->logits(x), naive_linear(features, tensor("classifier.out_proj.weight"),
                                                  tensor("classifier.out_proj.bias"))));
    EXPECT_EQ(classifier->classes(), tensor("classifier.out_proj.weight").size(0));
    EXPECT_EQ(opened.heads.classifier_name(), "classifier.out_proj.weight");
}

TEST(FolderHeadsTest, ADecodersClassifierIsOneMapWithoutBias) {
    test::use_one_thread();
    const Copy copy("llama");
    EXPECT_FALSE(Opened(copy).heads.classifier().has_value());
    const at::Tensor score = at::randn({3, 20});
    copy.set_tensors(test::kWeights, {{"score.weight", score}});
    const Opened opened(copy);
    const at::Tensor x = random_states(opened.folder, 4);
    EXPECT_TRUE(close(opened.heads.classifier()->logits(x), naive_linear(x, score)));
    const at::Tensor bias = at::randn({3});  // some have one all the same
    copy.set_tensors(test::kWeights, {{"score.bias", bias}});
    EXPECT_TRUE(close(Opened(copy).heads.classifier()->logits(x), naive_linear(x, score, bias)));
}

TEST(FolderHeadsTest, TheLanguageModelIsItsOwnTensorOrTheWordTable) {
    test::use_one_thread();
    const Copy copy("llama");
    const Opened own(copy);
    const at::Tensor x = random_states(own.folder, 4);
    const at::Tensor head = copy.tensor(test::kWeights, "lm_head.weight");
    EXPECT_TRUE(close(own.heads.language_model_logits(x).value(), naive_linear(x, head)));
    copy.remove_tensor(test::kWeights, "lm_head.weight");
    EXPECT_FALSE(Opened(copy).heads.language_model_logits(x).has_value());
    EXPECT_FALSE(Opened(copy).heads.word_weights(Ids{1}).has_value());
    copy.edit_json("config.json", [](auto& config) { config["tie_word_embeddings"] = true; });
    EXPECT_TRUE(close(Opened(copy).heads.language_model_logits(x).value(),
                      naive_linear(x, copy.tensor(test::kWeights, "model.embed_tokens.weight"))));
}

TEST(FolderHeadsTest, WordWeightsAreRowsInTheOrderAskedFor) {
    test::use_one_thread();
    for (const char* name : {"gpt2", "opt", "llama", "qwen2"}) {
        const Copy copy(name);
        const Opened opened(copy);
        const at::Tensor x = random_states(opened.folder, 6);
        const at::Tensor logits = opened.heads.language_model_logits(x).value();
        const auto last = opened.folder.info().vocabulary - 1;
        for (const Ids& ids :
             {Ids{0}, Ids{last}, Ids{3, 4, 5}, Ids{5, 4, 3}, Ids{7, 7, 8, 2}, Ids{0, last, 1, 2}}) {
            const at::Tensor rows = opened.heads.word_weights(ids).value();
            ASSERT_EQ(rows.size(0), static_cast<std::int64_t>(ids.size()));
            const at::Tensor of_words = naive_linear(x, rows);
            for (std::size_t i = 0; i < ids.size(); ++i)
                EXPECT_TRUE(close(logits.select(1, ids[i]),
                                  of_words.select(1, static_cast<std::int64_t>(i))))
                    << name << ' ' << ids[i];
        }
        for (const Ids& ids : {Ids{-1}, Ids{last + 1}, Ids{last, last + 1}, Ids{-1, 0}})
            EXPECT_THROW(opened.heads.word_weights(ids), DataError) << name;
    }
}

TEST(FolderHeadsTest, WhatAnEncoderHasNotIsNotThere) {
    const Copy copy("mpnet");
    const Opened opened(copy);
    const at::Tensor x = random_states(opened.folder, 1);
    EXPECT_FALSE(opened.heads.language_model_logits(x).has_value());
    EXPECT_FALSE(opened.heads.project_out(x).has_value());
}

TEST(GenerationTest, EachTokenIsTheMostLikelyOne) {
    test::use_one_thread();
    for (const char* name : {"gpt2", "llama"}) {
        const Copy copy(name);
        const Opened opened(copy);
        const auto backbone = load_backbone(copy.parameters(), Precision::Fp32, "");
        const Ids prompt{3, 9};
        const Ids added = generate_greedily(*backbone, opened.heads, prompt, 5);
        ASSERT_EQ(added.size(), 5U) << name;
        Ids sequence = prompt;
        for (const std::int32_t next : added) {
            const PackedBatch batch{sequence, {}, {0, static_cast<std::int32_t>(sequence.size())}};
            const at::Tensor last = backbone->final_state(backbone->hidden_states(batch).back());
            const at::Tensor logits = opened.heads.language_model_logits(last).value()[-1];
            // two passes may differ by rounding
            EXPECT_GE(logits[next].item<float>(), logits.max().item<float>() - 1e-4F) << name;
            sequence.push_back(next);
        }
    }
}

TEST(GenerationTest, ItEndsAtTheModelsLastPosition) {
    test::use_one_thread();
    const Copy copy("gpt2");
    const Opened opened(copy);
    const auto backbone = load_backbone(copy.parameters(), Precision::Fp32, "");
    const auto most = static_cast<std::size_t>(backbone->info().max_tokens);
    const Ids prompt(most - 2, 3);
    EXPECT_EQ(generate_greedily(*backbone, opened.heads, prompt, 10).size(), 2U);
    EXPECT_TRUE(generate_greedily(*backbone, opened.heads, Ids(most, 3), 10).empty());
    EXPECT_TRUE(generate_greedily(*backbone, opened.heads, prompt, 0).empty());
}

TEST(GenerationTest, WhatCannotGenerateSaysWhy) {
    const Copy decoder("gpt2");
    const Opened opened(decoder);
    const auto backbone = load_backbone(decoder.parameters(), Precision::Fp32, "");
    EXPECT_THROW(generate_greedily(*backbone, opened.heads, {}, 1), ConfigError);
    const Copy encoder("bert");
    const Opened without(encoder);
    try {
        generate_greedily(*load_backbone(encoder.parameters(), Precision::Fp32, ""), without.heads,
                          Ids{1}, 1);
        FAIL();
    } catch (const DataError& error) {
        EXPECT_TRUE(test::contains(error.what(), "holds no language model head"));
    }
}

}  // namespace
}  // namespace mobi
