// SPDX-License-Identifier: Apache-2.0
// Folders that are damaged or lie: each is refused in one line that names what is wrong, before
// much memory is taken.
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "model/folder_copy.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

using test::expect_refusal;
using test::kIndex;
using test::kReference;
using test::kWeights;
using Copy = test::FolderCopy;

TEST(BrokenFolderTest, AWholeOneIsAccepted) {
    EXPECT_EQ(Copy("llama").refusal(), "no error");
    EXPECT_EQ(Copy("qwen2").refusal(), "no error");
}

TEST(BrokenFolderTest, SizesThatTheWeightsDoNotHaveTakeNoMemory) {
    const Copy folder("llama");
    folder.edit_json("config.json", [](auto& config) {
        config["vocab_size"] = 1 << 24;
        config["hidden_size"] = 1 << 16;  // 4 TiB of words
    });
    expect_refusal(folder, "embed_tokens.weight\" has shape [30, 20], config.json says [16777216");
}

TEST(BrokenFolderTest, ANumberThatIsNotFiniteIsNamed) {
    for (const char* name : {"model.layers.1.mlp.up_proj.weight", "lm_head.weight"})
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            const Copy folder("llama");
            at::Tensor weight = folder.tensor(kWeights, name);
            weight[3][2] = bad;
            folder.set_tensors(kWeights, {{name, weight}});
            expect_refusal(folder, std::string(name) + "\" holds a number that is infinite or NaN");
        }
}

TEST(BrokenFolderTest, AClassifiersReferenceWithoutAClassifierNamesTheTensor) {
    const Copy folder("llama");
    const std::int64_t rows = folder.tensor(kReference, "input_ids").size(0);
    folder.set_tensors(kReference, {{"logits", at::zeros({rows, 2})}});
    expect_refusal(folder, "the folder has no classifier, no tensor \"score.weight\"");
}

TEST(BrokenFolderTest, ANaNNeverCountsAsEqual) {
    const Copy reference("llama");
    at::Tensor states = reference.tensor(kReference, "hidden.1");
    states[0][0][0] = std::numeric_limits<float>::quiet_NaN();
    reference.set_tensors(kReference, {{"hidden.1", states}});
    const Copy overflow("llama");  // every weight is finite, their product is not
    at::Tensor weight = overflow.tensor(kWeights, "model.layers.0.mlp.up_proj.weight");
    overflow.set_tensors(kWeights, {{"model.layers.0.mlp.up_proj.weight", weight.fill_(3e38)}});
    for (const Copy* folder : {&reference, &overflow}) {
        double states_error = 0;
        for (const TensorError& error : folder->verify())
            if (error.name == "hidden.1") states_error = error.relative;
        EXPECT_EQ(states_error, std::numeric_limits<double>::infinity());
    }
}

TEST(BrokenFolderTest, AHeadOfAnotherShapeIsNamed) {
    const auto with = [](const char* family, const char* name, const at::Tensor& tensor) {
        const Copy folder(family);
        folder.set_tensors(kWeights, {{name, tensor}});
        expect_refusal(folder, std::string(name) + "\" has shape");
    };
    with("llama", "score.weight", at::zeros({}));
    with("llama", "score.weight", at::zeros({3, 7}));
    with("llama", "lm_head.weight", at::zeros({20, 30}));
    with("roberta", "classifier.out_proj.bias", at::zeros({2}));
    with("roberta", "classifier.dense.bias", at::zeros({2, 7}));
    with("roberta", "classifier.dense.weight", at::zeros({14, 15}));
}

TEST(BrokenFolderTest, AHeadWithoutItsBiasIsNamed) {
    for (const char* const name : {"classifier.out_proj.bias", "classifier.dense.bias"}) {
        const Copy folder("roberta");
        folder.remove_tensor(kWeights, name);
        expect_refusal(folder, name);
    }
}

TEST(BrokenFolderTest, AReferenceWithoutRowsIsRefused) {
    const Copy folder("llama");
    const at::Tensor none = at::zeros({0, 20}, at::kLong);
    folder.set_tensors(kReference, {{"input_ids", none}, {"attention_mask", none}});
    expect_refusal(folder, "input_ids has no row");
}

TEST(BrokenFolderTest, AnIndexNamesFilesBesideIt) {
    const std::string evil = "a\nb";
    for (const std::string& name : {std::string(".."), std::string("."), std::string(),
                                    std::string("../x"), std::string("/etc/passwd"), evil}) {
        const Copy folder("qwen2");
        folder.edit_json(kIndex, [&](auto& index) { index["weight_map"]["norm.weight"] = name; });
        expect_refusal(
            folder, "weight_map of \"norm.weight\" is not the name of a file beside it or below");
    }
    const Copy absent("qwen2");
    absent.edit_json(kIndex, [](auto& index) { index["weight_map"]["x"] = "y.safetensors"; });
    expect_refusal(absent, "index.json: names y.safetensors, which is not in the folder");
    const Copy deep("qwen2");
    std::ofstream(deep.file(kIndex)) << std::string(100'000, '[');
    expect_refusal(deep, "index.json: is nested deeper");
}

TEST(BrokenFolderTest, WhatIsNoFileIsNotWaitedFor) {
    for (const char* name : {"config.json", kWeights}) {
        const Copy pipe("llama");
        fs::remove(pipe.file(name));
        ASSERT_EQ(::mkfifo(pipe.file(name).c_str(), 0600), 0);
        expect_refusal(pipe, std::string(name) + ": not a regular file");
        const Copy folder("llama");
        fs::remove(folder.file(name));
        fs::create_directory(folder.file(name));
        expect_refusal(folder, std::string(name) + ": not a regular file");
        const Copy loop("llama");
        fs::remove(loop.file(name));
        fs::create_symlink(name, loop.file(name));
        expect_refusal(loop, std::string(name) + ": cannot open: Too many levels");
    }
}

TEST(BrokenFolderTest, AFolderWithoutAModelSaysWhatIsAccepted) {
    const Copy folder("llama");
    fs::remove(folder.file("config.json"));
    expect_refusal(folder, "holds no config.json; it has weights, but");
}

}  // namespace
}  // namespace mobi
